package cdnfield

import (
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParseDictionary(t *testing.T) {
	tests := []struct{ field, want string }{
		// RFC 9213, 2.1 and 3.
		{"max-age=600", "max-age=integer 600"},
		{"max-age=60, s-maxage=120, CDN=5", "error at 26"},
		{"no-store", "no-store=boolean 1"},
		{"no-cache=\"Set-Cookie, X\"", `no-cache=string "Set-Cookie, X"`},
		{"private=?1, must-revalidate=?0", "private=boolean 1, must-revalidate=boolean 0"},
		{"max-age=3600;x=y;z, stale-while-revalidate=60 ", "max-age=integer 3600, stale-while-revalidate=integer 60"},
		{"max-age=1, max-age=2", "max-age=integer 2"},
		{"a=1, b, a=tok", "a=token \"tok\", b=boolean 1"},
		{"max-age=1.5", "max-age=decimal 1500"},
		{"max-age=-1", "max-age=integer -1"},
		{"max-age=\"600\"", `max-age=string "600"`},
		{"a=(1 2);x, b=:aGVsbG8=:, c=@1659578233, d=%\"f%c3%bc\"", `a=list, b=bytes "hello", c=date 1659578233, d=display "fü"`},
		{"", ""},
		{"  ", ""},

		{"max-age = 600", "error at 8"},
		{"max-age=600,", "error at 12"},
		{"max-age=600 no-store", "error at 12"},
		{"max-age='600'", "error at 8"},
		{"Max-Age=600", "error at 0"},
		{"max-age=", "error at 8"},
		{",", "error at 0"},
		{"a=\"x", "error at 4"},
		{"a=\"\x00\"", "error at 3"},
		{"a\x00", "error at 1"},
		{"a=(1", "error at 4"},
		{"a=(1 b=2)", "error at 6"},
		{"a=@1.5", "error at 6"},
	}
	for _, tt := range tests {
		if got := parsed(tt.field); got != tt.want {
			t.Errorf("ParseDictionary(%q) = %s; want %s", tt.field, got, tt.want)
		}
	}
}

// parsed writes the outcome as the tables do.
func parsed(field string) string {
	d, err := ParseDictionary([]byte(field))
	var fault *SyntaxError
	if errors.As(err, &fault) {
		return fmt.Sprintf("error at %d", fault.Offset)
	}
	var members []string
	for _, m := range d {
		members = append(members, m.Key+"="+text(m))
	}
	return strings.Join(members, ", ")
}

func text(m Member) string {
	switch m.Kind {
	case KindBoolean:
		return fmt.Sprint("boolean ", m.Int)
	case KindInteger:
		return fmt.Sprint("integer ", m.Int)
	case KindDecimal:
		return fmt.Sprint("decimal ", m.Int)
	case KindDate:
		return fmt.Sprint("date ", m.Int)
	case KindString:
		return fmt.Sprintf("string %q", m.Text)
	case KindToken:
		return fmt.Sprintf("token %q", m.Text)
	case KindBytes:
		return fmt.Sprintf("bytes %q", m.Text)
	case KindDisplayString:
		return fmt.Sprintf("display %q", m.Text)
	case KindInnerList:
		return "list"
	}
	return "no kind"
}

func TestDictionaryGet(t *testing.T) {
	d, err := ParseDictionary([]byte("no-store, max-age=5, private=?0"))
	if err != nil {
		t.Fatal(err)
	}
	if m, ok := d.Get("no-store"); !ok || !m.True() {
		t.Errorf("Get(no-store) = %v, %t", m, ok)
	}
	if m, ok := d.Get("private"); !ok || m.True() {
		t.Errorf("Get(private) = %v, %t", m, ok)
	}
	if m, ok := d.Get("max-age"); !ok || m.True() || m.Int != 5 {
		t.Errorf("Get(max-age) = %v, %t", m, ok)
	}
	if m, ok := d.Get("public"); ok {
		t.Errorf("Get(public) = %v", m)
	}
}

// A vector is one test of the HTTP working group.
type vector struct {
	Name     string
	Raw      []string
	Type     string `json:"header_type"`
	Expected json.RawMessage
	MustFail bool `json:"must_fail"`
	CanFail  bool `json:"can_fail"`
}

func TestPublicVectors(t *testing.T) {
	files, err := filepath.Glob("testdata/structured-field-tests/*.json")
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var vectors []vector
		if err := json.Unmarshal(data, &vectors); err != nil {
			t.Fatal(file, err)
		}
		for _, v := range vectors {
			if v.Type == "list" {
				continue
			}
			checkVector(t, filepath.Base(file), v)
			ran++
		}
	}
	if ran < 1000 {
		t.Errorf("%d vectors ran; want over 1000", ran)
	}
}

func checkVector(t *testing.T, file string, v vector) {
	t.Helper()
	field, expected := strings.Join(v.Raw, ", "), v.Expected
	if v.Type == "item" {
		// An item is read as the only member of a dictionary, where a comma or
		// blanks may follow it.
		if v.MustFail && (strings.HasSuffix(field, " ") || strings.Contains(field, ",")) {
			return
		}
		field = "k=" + strings.TrimLeft(field, " ")
		expected = json.RawMessage(`[["k",` + string(v.Expected) + `]]`)
	}
	d, err := ParseDictionary([]byte(field))
	if v.MustFail || err != nil {
		if (err != nil) != v.MustFail && !v.CanFail {
			t.Errorf("%s: %s: ParseDictionary(%q) = %v, %v", file, v.Name, field, d, err)
		}
		return
	}
	var want [][2]json.RawMessage
	if err := json.Unmarshal(expected, &want); err != nil {
		t.Fatal(file, v.Name, err)
	}
	if len(d) != len(want) {
		t.Errorf("%s: %s: ParseDictionary(%q) has %d members; want %d", file, v.Name, field, len(d), len(want))
		return
	}
	for i, m := range d {
		var key string
		var value [2]json.RawMessage
		if json.Unmarshal(want[i][0], &key) != nil || json.Unmarshal(want[i][1], &value) != nil {
			t.Fatalf("%s: %s: unknown shape", file, v.Name)
		}
		if got, want := m.Key+"="+text(m), key+"="+expectation(t, value[0]); got != want {
			t.Errorf("%s: %s: ParseDictionary(%q): %s; want %s", file, v.Name, field, got, want)
		}
	}
}

// expectation writes a bare item of the vectors as text does.
func expectation(t *testing.T, raw json.RawMessage) string {
	t.Helper()
	if raw[0] == '[' {
		return "list"
	}
	if raw[0] == '{' {
		var typed struct {
			Type  string `json:"__type"`
			Value any
		}
		if err := json.Unmarshal(raw, &typed); err != nil {
			t.Fatal(err)
		}
		switch typed.Type {
		case "binary":
			decoded, err := base32.StdEncoding.DecodeString(typed.Value.(string))
			if err != nil {
				t.Fatal(err)
			}
			return fmt.Sprintf("bytes %q", decoded)
		case "date":
			return fmt.Sprintf("date %.0f", typed.Value)
		case "displaystring":
			return fmt.Sprintf("display %q", typed.Value)
		}
		return fmt.Sprintf("%s %q", typed.Type, typed.Value)
	}
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		t.Fatal(err)
	}
	switch value := value.(type) {
	case bool:
		if value {
			return "boolean 1"
		}
		return "boolean 0"
	case string:
		return fmt.Sprintf("string %q", value)
	case float64:
		if strings.Contains(string(raw), ".") {
			return fmt.Sprintf("decimal %.0f", math.Round(value*1000))
		}
		return fmt.Sprintf("integer %.0f", value)
	}
	t.Fatalf("unknown value %s", raw)
	return ""
}

func FuzzParseDictionary(f *testing.F) {
	for _, s := range []string{"max-age=600, no-store", `a="b\"c";d=?1`, "a=(1 :aGk=: tok;x);y", "a=-1.5, b=@2", `a=%"f%c3"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := ParseDictionary(b)
		var fault *SyntaxError
		if err != nil && (!errors.As(err, &fault) || fault.Offset > len(b) || d != nil) {
			t.Fatalf("ParseDictionary(%q) = %v, %v", b, d, err)
		}
		keys := make(map[string]bool)
		for _, m := range d {
			if keys[m.Key] || m.Key == "" || m.Kind == 0 || m.Int > maxInteger || m.Int < -maxInteger {
				t.Fatalf("ParseDictionary(%q) = %+v", b, d)
			}
			keys[m.Key] = true
		}
	})
}
