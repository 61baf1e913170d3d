package app

import (
	"fmt"
	"io"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"
)

// LoadFile reads a configuration file for kong: YAML, one key per flag with
// "_" for "-", as in "cache_memory: 64MiB". A key that is no flag is refused.
func LoadFile(r io.Reader) (kong.Resolver, error) {
	name := "configuration file"
	if f, ok := r.(*os.File); ok {
		name += " " + f.Name()
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	values := map[string]any{}
	if err := yaml.Unmarshal(text, &values); err != nil {
		return nil, fmt.Errorf("%s: %s", name, firstLine(yaml.FormatError(err, false, false)))
	}
	known := fileKeys()
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(known, key) {
			return nil, fmt.Errorf("%s: unknown key %q; known are %s", name, key, strings.Join(known, ", "))
		}
		switch values[key].(type) {
		case map[string]any, []any, nil:
			return nil, fmt.Errorf("%s: key %q must have one plain value", name, key)
		}
	}
	var resolve kong.ResolverFunc = func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		value, ok := values[strings.ReplaceAll(flag.Name, "-", "_")]
		if !ok || slices.ContainsFunc(flag.Envs, isSet) {
			return nil, nil
		}
		return fmt.Sprint(value), nil
	}
	return resolve, nil
}

func isSet(env string) bool {
	_, ok := os.LookupEnv(env)
	return ok
}

// fileKeys lists the keys of the configuration file.
func fileKeys() (keys []string) {
	for field := range reflect.TypeFor[Config]().Fields() {
		if field.Tag.Get("kong") == "-" {
			continue
		}
		name := field.Tag.Get("name")
		if name == "" {
			name = strings.ToLower(field.Name)
		}
		keys = append(keys, strings.ReplaceAll(name, "-", "_"))
	}
	return keys
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
