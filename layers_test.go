// Package cistern_test holds the rules of the house that a build checks: who
// may import whom, and that every package says what it is for.
//
// Both tests parse the sources themselves. A test that asked the go command
// in a child process would be answered from the test cache, and would stay
// green after a forbidden import was added.
package cistern_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

// module is the import path of this tree; testModule is the tree below it
// with a go.mod of its own.
const (
	module     = "github.com/cistern-cdn/cistern"
	testModule = "test"
)

// rules names, for a package tree, the project trees it may import besides
// itself; the first match counts, and a tree without a row may import all.
// "edge/" is the phases, "edge" their joiner: in a row that ends in "/"
// itself is the child (edge/fill and below), never its siblings.
var rules = []rule{
	{"internal/spec/", "internal/spec/"},
	{"internal/zone", "internal/spec/"},
	{"internal/link", "internal/zone internal/spec/"},
	{"internal/edge/flow", "internal/zone internal/spec/"},
	{"internal/edge/", "internal/edge/flow internal/zone internal/spec/"},
	{"internal/edge", "internal/edge/ internal/link internal/zone internal/spec/"},
	{"internal/control/", "internal/control/ internal/link internal/zone internal/spec/ api"},
	{"internal/control", "internal/control/ internal/link internal/zone internal/spec/"},
	{"internal/portal", ""},
	{"internal/cli", "client internal/spec/"},
	{"client", ""},
	{"api", ""}, // the contract: openapi.yaml and errors.yaml as bytes, and what generates code from them
}

// testRules widen rules for the test files of a tree.
var testRules = []rule{
	{"internal/cli", "internal/control/ internal/link internal/zone"}, // its verbs run against the real API
}

type rule struct{ tree, may string }

// specTestsMay are the third-party imports that tests of internal/spec may
// have; its code has none.
var specTestsMay = []string{"github.com/google/go-cmp/cmp"}

func TestLayers(t *testing.T) {
	files, err := scan(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range forbidden(files) {
		t.Error(fault)
	}
}

func TestPackageComments(t *testing.T) {
	files, err := scan(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range undocumented(files) {
		t.Error(fault)
	}
}

// A source is what the checks need of one Go file.
type source struct {
	name    string   // slash-separated path of the file, from the root
	pkg     string   // directory, from the root; "" is the root
	clause  string   // name in the package clause
	doc     string   // package comment; empty: none
	imports []string // in file order
}

func (s source) isTest() bool { return strings.HasSuffix(s.name, "_test.go") }

// scan reads all Go files of a tree, whatever their build constraints,
// leaving out the directories that the go command leaves out too.
func scan(tree fs.FS) ([]source, error) {
	var files []source
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if base := path.Base(name); name != "." && (base == "testdata" || base == "vendor" || base == "node_modules" || strings.ContainsAny(base[:1], "._")) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		file, err := read(tree, name)
		if err != nil {
			return err
		}
		files = append(files, file)
		return nil
	})
	return files, err
}

// read parses one file down to its import clauses.
func read(tree fs.FS, name string) (source, error) {
	text, err := fs.ReadFile(tree, name)
	if err != nil {
		return source{}, err
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ImportsOnly|parser.ParseComments)
	if err != nil {
		return source{}, err
	}
	file := source{name: name, clause: parsed.Name.Name, doc: parsed.Doc.Text()}
	if dir := path.Dir(name); dir != "." {
		file.pkg = dir
	}
	for _, spec := range parsed.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return source{}, fmt.Errorf("parse %s: import %s: %w", name, spec.Path.Value, err)
		}
		file.imports = append(file.imports, imported)
	}
	return file, nil
}

// forbidden returns one line for each import that breaks a rule.
func forbidden(files []source) []string {
	var faults []string
	for _, file := range files {
		for _, imported := range file.imports {
			if allowed := refusal(file, imported); allowed != "" {
				faults = append(faults, fmt.Sprintf("%s: package %s may not import %s; allowed: %s", file.name, file.pkg, imported, allowed))
			}
		}
	}
	return faults
}

// refusal returns "" if file may import the path, else what it may import
// instead.
func refusal(file source, imported string) (allowed string) {
	if within(file.pkg, testModule) {
		return "" // another module, above all layers
	}
	project, ours := strings.CutPrefix(imported, module+"/")
	switch {
	case ours && within(project, testModule):
		return "anything but the test module, which imports this one"
	case ours:
		return layerRefusal(file, project)
	case imported == module:
		return "the root holds tests only"
	case !strings.HasPrefix(file.pkg, "internal/spec/") || !thirdParty(imported):
		return ""
	case file.isTest() && slices.Contains(specTestsMay, imported):
		return ""
	}
	return "the standard library and internal/spec/ only"
}

// layerRefusal is refusal for a project path.
func layerRefusal(file source, project string) (allowed string) {
	for _, r := range rules {
		itself, ok := r.covers(file.pkg)
		if !ok {
			continue
		}
		may := strings.Fields(r.may)
		if file.isTest() {
			for _, more := range testRules {
				if _, ok := more.covers(file.pkg); ok {
					may = append(may, strings.Fields(more.may)...)
				}
			}
		}
		for _, tree := range append(may, itself) {
			if within(project, tree) {
				return ""
			}
		}
		return strings.Join(append([]string{itself}, may...), ", ")
	}
	return ""
}

// covers reports whether the rule is about pkg, and which tree counts as
// pkg's own.
func (r rule) covers(pkg string) (itself string, ok bool) {
	if !within(pkg, r.tree) {
		return "", false
	}
	parent, isParent := strings.CutSuffix(r.tree, "/")
	if !isParent {
		return r.tree, true
	}
	child, _, _ := strings.Cut(pkg[len(parent)+1:], "/")
	return parent + "/" + child, true
}

// within reports whether pkg lies in tree: "a/b" holds a/b and all below it,
// "a/b/" only what is below.
func within(pkg, tree string) bool {
	if strings.HasSuffix(tree, "/") {
		return strings.HasPrefix(pkg, tree)
	}
	return pkg == tree || strings.HasPrefix(pkg, tree+"/")
}

// thirdParty reports whether an import path outside this module is also
// outside the standard library, whose first element has no dot.
func thirdParty(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return strings.Contains(first, ".")
}

// undocumented returns one line for each package without a comment that
// begins in the usual way. Test files may document a package only if it has
// no others.
func undocumented(files []source) []string {
	type pkg struct{ dir, clause string }
	documented := map[pkg]bool{}
	var order []pkg
	hasCode := map[string]bool{}
	for _, file := range files {
		hasCode[file.pkg] = hasCode[file.pkg] || !file.isTest()
	}
	for _, file := range files {
		if file.isTest() && hasCode[file.pkg] {
			continue
		}
		p := pkg{file.pkg, file.clause}
		if _, known := documented[p]; !known {
			order = append(order, p)
		}
		documented[p] = documented[p] || begins(file)
	}
	var faults []string
	for _, p := range order {
		if !documented[p] {
			faults = append(faults, fmt.Sprintf("package %s (%s): no comment; begin one of its files with %q", p.dir, p.clause, "// Package "+p.clause+" …"))
		}
	}
	return faults
}

// begins reports whether a file's package comment has the usual first words.
// A command may begin with any sentence.
func begins(file source) bool {
	if file.clause == "main" {
		return file.doc != ""
	}
	return strings.HasPrefix(file.doc, "Package "+file.clause+" ")
}

func TestForbidden(t *testing.T) {
	tests := []struct {
		name, file, imports string
		want                string // part of the complaint; "" means allowed
	}{
		{"spec imports spec", "internal/spec/objkey/a.go", module + "/internal/spec/catalog", ""},
		{"spec imports the standard library", "internal/spec/objkey/a.go", "crypto/sha256", ""},
		{"spec imports a third party", "internal/spec/objkey/a.go", "golang.org/x/net/idna", "package internal/spec/objkey may not import golang.org/x/net/idna; allowed: the standard library"},
		{"spec imports go-cmp", "internal/spec/objkey/a.go", "github.com/google/go-cmp/cmp", "may not import"},
		{"test of spec imports go-cmp", "internal/spec/objkey/a_test.go", "github.com/google/go-cmp/cmp", ""},
		{"test of spec imports a third party", "internal/spec/objkey/a_test.go", "golang.org/x/net/idna", "may not import"},
		{"spec imports zone", "internal/spec/objkey/a.go", module + "/internal/zone", "allowed: internal/spec/objkey, internal/spec/"},
		{"zone imports a third party", "internal/zone/a.go", "golang.org/x/net/idna", ""},
		{"zone imports link", "internal/zone/a.go", module + "/internal/link", "may not import"},
		{"phase imports flow", "internal/edge/fill/a.go", module + "/internal/edge/flow", ""},
		{"phase imports its own child", "internal/edge/cache/a.go", module + "/internal/edge/cache/mem", ""},
		{"child of a phase imports the phase", "internal/edge/cache/mem/a.go", module + "/internal/edge/cache", ""},
		{"phase imports a phase", "internal/edge/fill/a.go", module + "/internal/edge/cache", "allowed: internal/edge/fill, internal/edge/flow, internal/zone, internal/spec/"},
		{"phase whose name continues another's", "internal/edge/flowers/a.go", module + "/internal/edge/cache", "allowed: internal/edge/flowers"},
		{"phase imports the joiner", "internal/edge/fill/a.go", module + "/internal/edge", "may not import"},
		{"joiner imports a phase", "internal/edge/handler.go", module + "/internal/edge/cache/mem", ""},
		{"edge imports control", "internal/edge/handler.go", module + "/internal/control/store", "may not import"},
		{"control imports edge", "internal/control/api/a.go", module + "/internal/edge", "may not import"},
		{"control imports its sibling", "internal/control/api/a.go", module + "/internal/control/store", ""},
		{"control imports the contract", "internal/control/api/a.go", module + "/api", ""},
		{"edge imports the contract", "internal/edge/a.go", module + "/api", "may not import"},
		{"cli imports the client", "internal/cli/a.go", module + "/client", ""},
		{"cli imports control", "internal/cli/a.go", module + "/internal/control/api", "may not import"},
		{"test of cli imports control", "internal/cli/a_test.go", module + "/internal/control/api", ""},
		{"portal imports client", "internal/portal/a.go", module + "/client", "allowed: internal/portal"},
		{"app imports everything", "internal/app/a.go", module + "/internal/edge", ""},
		{"product imports the test module", "internal/app/a_test.go", module + "/test/s3test", "anything but the test module"},
		{"test module imports the product", "test/e2e/a_test.go", module + "/internal/spec/sigv4", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tree := fstest.MapFS{tt.file: {Data: []byte("package p\n\nimport _ " + strconv.Quote(tt.imports) + "\n")}}
			files, err := scan(tree)
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join(forbidden(files), "\n")
			if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
				t.Errorf("forbidden(%s imports %s) = %q; want %q", tt.file, tt.imports, got, tt.want)
			}
		})
	}
}

func TestUndocumented(t *testing.T) {
	tests := []struct {
		name string
		tree map[string]string
		want int // complaints
	}{
		{"documented", map[string]string{"a/a.go": "// Package a does it.\npackage a\n"}, 0},
		{"documented in one file of two", map[string]string{"a/a.go": "package a\n", "a/doc.go": "// Package a does it.\npackage a\n"}, 0},
		{"no comment", map[string]string{"a/a.go": "package a\n"}, 1},
		{"comment set off by a blank line", map[string]string{"a/a.go": "// Package a does it.\n\npackage a\n"}, 1},
		{"comment that begins otherwise", map[string]string{"a/a.go": "// Some text.\npackage a\n"}, 1},
		{"comment of another package", map[string]string{"a/a.go": "// Package b does it.\npackage a\n"}, 1},
		{"command", map[string]string{"cmd/a/main.go": "// Command a runs it.\npackage main\n"}, 0},
		{"command without a comment", map[string]string{"cmd/a/main.go": "package main\n"}, 1},
		{"comment in a test file only", map[string]string{"a/a.go": "package a\n", "a/a_test.go": "// Package a does it.\npackage a\n"}, 1},
		{"package of tests only", map[string]string{"a/a_test.go": "package a_test\n"}, 1},
		{"generated file", map[string]string{"a/a.gen.go": "// Code generated by x. DO NOT EDIT.\n\npackage a\n"}, 1},
		{"in the test module", map[string]string{"test/go.mod": "module m\n", "test/a/a.go": "package a\n"}, 1},
		{"test data", map[string]string{"a/testdata/a.go": "package a\n", "_b/b.go": "package b\n", ".c/c.go": "package c\n"}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tree := fstest.MapFS{}
			for name, text := range tt.tree {
				tree[name] = &fstest.MapFile{Data: []byte(text)}
			}
			files, err := scan(tree)
			if err != nil {
				t.Fatal(err)
			}
			if got := undocumented(files); len(got) != tt.want {
				t.Errorf("undocumented = %q; want %d complaints", got, tt.want)
			}
		})
	}
}
