package main

import (
	"bytes"
	"fmt"
	"go/format"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
)

// A row is one line of api/errors.yaml.
type row struct {
	Code    string `yaml:"code"`
	Status  int    `yaml:"status"`
	Title   string `yaml:"title"`
	Meaning string `yaml:"meaning"`
	Fix     string `yaml:"fix"`
	Field   string `yaml:"field"`
	Docs    string `yaml:"docs"`
}

// A list is one of the three lists of the file, with what is said about it.
type list struct {
	Type  string // Go type, and prefix of its constants
	Key   string // in the file, and prefix of the anchors
	About string // doc comment of the type, and text of the page
	Rows  []row
}

var validCode = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)

// parse reads the file and checks that every row is complete.
func parse(source []byte) ([]list, error) {
	var file struct {
		API    []row `yaml:"api"`
		Origin []row `yaml:"origin"`
		Access []row `yaml:"access"`
	}
	if err := yaml.UnmarshalWithOptions(source, &file, yaml.Strict()); err != nil {
		return nil, err
	}
	lists := []list{
		{Type: "API", Key: "api", Rows: file.API, About: "says what the REST API answered, or warns of beside an object. " +
			"Its status is that of the answer; 200 marks a warning."},
		{Type: "Origin", Key: "origin", Rows: file.Origin, About: "says what is wrong between an edge and an origin. " +
			"Its status is what a viewer gets; 0 marks a diagnosis that changes no answer."},
		{Type: "Access", Key: "access", Rows: file.Access, About: "says why an edge refused a viewer's request before any origin was asked. " +
			"Its status is what the viewer gets; the code itself is never sent to the viewer."},
	}
	for _, l := range lists {
		if len(l.Rows) == 0 {
			return nil, fmt.Errorf("list %s is empty", l.Key)
		}
		seen := make(map[string]bool)
		for i := range l.Rows {
			r := &l.Rows[i]
			if err := r.check(l.Key); err != nil {
				return nil, fmt.Errorf("%s.%d: code %q: %w", l.Key, i, r.Code, err)
			}
			if seen[r.Code] {
				return nil, fmt.Errorf("%s.%d: code %q occurs twice", l.Key, i, r.Code)
			}
			seen[r.Code] = true
			if r.Docs == "" {
				r.Docs = "errors#" + anchor(l.Key, r.Code)
			}
		}
	}
	return lists, nil
}

func (r row) check(list string) error {
	switch {
	case !validCode.MatchString(r.Code):
		return fmt.Errorf("not of the form lower_case")
	case list == "api" && r.Status != 200 && (r.Status < 400 || r.Status > 599):
		return fmt.Errorf("status %d is neither 200 nor 400 to 599", r.Status)
	case list != "api" && r.Status != 0 && (r.Status < 400 || r.Status > 599):
		return fmt.Errorf("status %d is neither 0 nor 400 to 599", r.Status)
	case r.Title == "" || strings.HasSuffix(r.Title, "."):
		return fmt.Errorf("title is empty or ends in a full stop")
	case !strings.HasSuffix(r.Meaning, "."):
		return fmt.Errorf("meaning is not a sentence")
	case !strings.HasSuffix(r.Fix, "."):
		return fmt.Errorf("fix is not a sentence")
	}
	return nil
}

// anchor names the row's place in docs/errors.md. API codes stand alone, as
// the type of a problem ends in them; the other lists reuse some of the codes.
func anchor(list, code string) string {
	if list == "api" {
		return code
	}
	return list + "-" + code
}

// initialisms are the words of codes that Go names write in capitals.
var initialisms = map[string]string{
	"api": "API", "csrf": "CSRF", "dns": "DNS", "http": "HTTP", "id": "ID", "ip": "IP", "json": "JSON", "kms": "KMS",
	"oss": "OSS", "sigv4a": "SigV4A", "sts": "STS", "tls": "TLS", "url": "URL", "v1": "V1",
}

// constName turns "url_has_path" of list API into "APIURLHasPath".
func constName(list, code string) string {
	name := list
	for word := range strings.SplitSeq(code, "_") {
		if up, ok := initialisms[word]; ok {
			name += up
			continue
		}
		name += strings.ToUpper(word[:1]) + word[1:]
	}
	return name
}

// catalogSource is the text of internal/spec/catalog/codes.go.
func catalogSource(lists []list) ([]byte, error) {
	var b bytes.Buffer
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	p("// Code generated from api/errors.yaml by api/gen. DO NOT EDIT.\n")
	p("package catalog\n")
	for _, l := range lists {
		p("%s", comment(l.Type+" code "+l.About))
		p("type %s string\n", l.Type)
		p("// Codes of list %s.\nconst (", l.Key)
		for _, r := range l.Rows {
			p("\t%s %s = %q // %s", constName(l.Type, r.Code), l.Type, r.Code, r.Title)
		}
		p(")\n")
		p("// Row returns what is known about the code. For a text that is no code of\n// the list only Code is set.")
		p("func (c %s) Row() Row {\n\tswitch c {", l.Type)
		for _, r := range l.Rows {
			p("\tcase %s:\n\t\treturn Row{Code: %q, Status: %d, Title: %q,\n\t\t\tMeaning: %q,\n\t\t\tFix: %q,\n\t\t\tField: %q, Docs: %q}",
				constName(l.Type, r.Code), r.Code, r.Status, r.Title, r.Meaning, r.Fix, r.Field, r.Docs)
		}
		p("\t}\n\treturn Row{Code: string(c)}\n}\n")
		p("// %sCodes returns all codes of list %s, in its order. The caller may keep\n// and change them.", l.Type, l.Key)
		p("func %sCodes() []%s {\n\treturn []%s{", l.Type, l.Type, l.Type)
		for _, r := range l.Rows {
			p("\t\t%s,", constName(l.Type, r.Code))
		}
		p("\t}\n}\n")
	}
	return format.Source(b.Bytes())
}

// comment folds text into a doc comment.
func comment(text string) string {
	line, out := "//", ""
	for _, word := range strings.Fields("An " + text) {
		if len(line)+1+len(word) > 78 {
			out += line + "\n"
			line = "//"
		}
		line += " " + word
	}
	return out + line
}

// errorsPage is the text of docs/errors.md.
func errorsPage(lists []list) []byte {
	var b bytes.Buffer
	b.WriteString("# Error codes\n\n<!-- Generated from api/errors.yaml by api/gen. Change that file instead. -->\n\n" +
		"Codes are stable: programs may compare them. Titles and texts are for people and may change.\n")
	titles := map[string]string{"api": "Answers of the API", "origin": "Between edge and origin", "access": "Refused requests of viewers"}
	for _, l := range lists {
		fmt.Fprintf(&b, "\n## %s\n\nAn %s code %s\n", titles[l.Key], l.Key, l.About)
		for _, r := range l.Rows {
			fmt.Fprintf(&b, "\n### <a id=%q></a>`%s`\n\n", anchor(l.Key, r.Code), r.Code)
			fmt.Fprintf(&b, "%s. %s %s", statusWord(r.Status), strings.TrimSuffix(r.Title, ".")+".", r.Meaning)
			fmt.Fprintf(&b, "\n\n**What to do:** %s\n", r.Fix)
			if r.Field != "" {
				fmt.Fprintf(&b, "\nSetting: `%s`\n", r.Field)
			}
		}
	}
	return b.Bytes()
}

func statusWord(status int) string {
	switch status {
	case 0:
		return "Diagnosis"
	case 200:
		return "Warning"
	}
	return fmt.Sprintf("Status %d", status)
}
