// Command gen writes the code and the page that follow from api/errors.yaml:
// internal/spec/catalog/codes.go and docs/errors.md. It is run by go generate
// in package api, and refuses a file with a gap, naming the row.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gen ROOT   (the root of the module)")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// run reads the catalogue below root and writes what follows from it.
func run(root string) error {
	files, err := outputs(root)
	if err != nil {
		return err
	}
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// outputs returns the generated files by their path below root.
func outputs(root string) (map[string][]byte, error) {
	source, err := os.ReadFile(filepath.Join(root, "api/errors.yaml"))
	if err != nil {
		return nil, err
	}
	lists, err := parse(source)
	if err != nil {
		return nil, fmt.Errorf("api/errors.yaml: %w", err)
	}
	code, err := catalogSource(lists)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{
		"internal/spec/catalog/codes.go": code,
		"docs/errors.md":                 errorsPage(lists),
	}, nil
}
