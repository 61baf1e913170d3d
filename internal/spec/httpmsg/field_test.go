package httpmsg

import (
	"bytes"
	"math"
	"strings"
	"testing"
)

func fields(lines ...string) Fields {
	var fs Fields
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		fs = append(fs, Field{Name: []byte(name), Value: []byte(value)})
	}
	return fs
}

func TestFields(t *testing.T) {
	fs := fields("Vary: Accept", "ETag: \"x\"", "vary: Origin", "X-Empty: ", "VARY: Cookie")
	if got := fs.Get("VARY"); string(got) != "Accept" {
		t.Errorf("Get(VARY) = %q; want the first line", got)
	}
	if got := fs.Get("X-Empty"); got == nil || len(got) != 0 {
		t.Errorf("Get(X-Empty) = %#v; want empty, not nil", got)
	}
	if got := (Fields{{Name: []byte("X")}}).Get("x"); got == nil {
		t.Error("Get of a nil value = nil; want empty")
	}
	if got := fs.Get("Age"); got != nil {
		t.Errorf("Get(Age) = %q; want nil", got)
	}
	if got := fs.Count("vary"); got != 3 {
		t.Errorf("Count(vary) = %d; want 3", got)
	}
	if got := fs.AppendJoined([]byte("="), "Vary"); string(got) != "=Accept, Origin, Cookie" {
		t.Errorf("AppendJoined(Vary) = %q", got)
	}
	if got := fs.AppendJoined(nil, "Age"); got != nil {
		t.Errorf("AppendJoined(Age) = %q; want nothing", got)
	}
	if !fs.HasToken("Vary", "COOKIE") || fs.HasToken("Vary", "Cook") || fs.HasToken("Age", "1") {
		t.Error("HasToken is wrong about Vary or Age")
	}
	if got, want := string(fields("A: b", "C: ").Append(nil)), "A: b\r\nC: \r\n"; got != want {
		t.Errorf("Append = %q; want %q", got, want)
	}
}

func TestFieldsDropAndWithout(t *testing.T) {
	fs := fields("A: 1", "B: 2", "a: 3", "C: 4")
	if got := string(fs.Without("A", "c").Append(nil)); got != "B: 2\r\n" {
		t.Errorf("Without = %q", got)
	}
	if len(fs) != 4 || string(fs[0].Value) != "1" {
		t.Error("Without changed its receiver")
	}
	if got := string(fs.Drop("b").Append(nil)); got != "A: 1\r\na: 3\r\nC: 4\r\n" {
		t.Errorf("Drop = %q", got)
	}
	if fs[3].Name != nil {
		t.Error("Drop keeps a dropped line alive")
	}
}

func TestFieldsCloneSharesNothing(t *testing.T) {
	fs := fields("Host: a", "Empty: ")
	clone := fs.Clone()
	fs[0].Name[0], fs[0].Value[0] = 'X', 'X'
	_ = append(clone[0].Name, "overrun"...)
	if got := string(clone.Append(nil)); got != "Host: a\r\nEmpty: \r\n" {
		t.Errorf("Clone = %q", got)
	}
	if clone.Get("Empty") == nil {
		t.Error("Clone turned an empty value into none")
	}
	if Fields(nil).Clone() != nil {
		t.Error("Clone of nothing is not nil")
	}
}

func TestLookupsAllocateNothing(t *testing.T) {
	fs := fields("Host: a", "Accept: */*", "Vary: Origin")
	buf := make([]byte, 0, 256)
	authority := []byte("CDN.Example.com.:8080")
	if n := testing.AllocsPerRun(100, func() {
		fs.Get("vary")
		fs.Count("vary")
		fs.HasToken("vary", "origin")
		fs.AppendJoined(buf, "vary")
		SplitAuthority(buf, authority)
		AppendDate(buf, 784111777)
	}); n != 0 {
		t.Errorf("%v allocations; want 0", n)
	}
}

func TestValidNameAndValue(t *testing.T) {
	for _, s := range []string{"Host", "x", "!#$%&'*+-.^_`|~09AZaz"} {
		if !ValidName(s) || !ValidName([]byte(s)) {
			t.Errorf("ValidName(%q) = false", s)
		}
	}
	for _, s := range []string{"", "a b", "a:", "a\r", "caf\xc3\xa9", "(x)", "\x00"} {
		if ValidName(s) {
			t.Errorf("ValidName(%q) = true", s)
		}
	}
	for _, s := range []string{"", "a", "a b\tc", "caf\xc3\xa9", "\x80\xff", `"quoted, text"`} {
		if !ValidValue(s) || !ValidValue([]byte(s)) {
			t.Errorf("ValidValue(%q) = false", s)
		}
	}
	for _, s := range []string{" a", "a ", "\ta", "a\t", "a\nb", "a\rb", "a\x00b", "a\x7fb", "\x1b"} {
		if ValidValue(s) {
			t.Errorf("ValidValue(%q) = true", s)
		}
	}
}

// nextControl is checked against the plain way on every byte at every place.
func TestNextControl(t *testing.T) {
	for size := range 20 {
		for at := range size {
			for c := range 256 {
				b := bytes.Repeat([]byte("\x80"), size)
				b[at] = byte(c)
				if at > 2 {
					b[1] = '\t'
				}
				want := size
				if isControl(byte(c)) {
					want = at
				}
				if got := nextControl(b, 0); got != want {
					t.Fatalf("nextControl(%q, 0) = %d; want %d", b, got, want)
				}
			}
		}
	}
	if got := nextControl([]byte("\n\n23456789\x01\x20\x20\x20"), 2); got != 10 {
		t.Errorf("nextControl from 2 = %d; want 10", got)
	}
}

func TestCutMember(t *testing.T) {
	tests := []struct{ list, want string }{
		{"", ""},
		{" , ,\t,", ""},
		{"a", "a"},
		{"a, b ,,c", "a|b|c"},
		{`a="x,y", b`, `a="x,y"|b`},
		{`a="x\",y", b`, `a="x\",y"|b`},
		{`a="x, b`, `a="x, b`},
		{`a="x\`, `a="x\`},
	}
	for _, tt := range tests {
		var got []string
		for list := []byte(tt.list); ; {
			member, rest, ok := CutMember(list)
			if !ok {
				break
			}
			got, list = append(got, string(member)), rest
		}
		if strings.Join(got, "|") != tt.want {
			t.Errorf("members of %q = %q; want %q", tt.list, got, tt.want)
		}
	}
}

func TestNumbers(t *testing.T) {
	tests := []struct {
		text    string
		n       int64
		ok      bool
		delta   int64
		deltaOK bool
	}{
		{"0", 0, true, 0, true},
		{"007", 7, true, 7, true},
		{"2147483648", 1 << 31, true, 1 << 31, true},
		{"2147483649", 2147483649, true, 1 << 31, true},
		{"9223372036854775807", math.MaxInt64, true, 1 << 31, true},
		{"9223372036854775808", 0, false, 1 << 31, true},
		{"99999999999999999999999999", 0, false, 1 << 31, true},
		{"", 0, false, 0, false},
		{"-1", 0, false, 0, false},
		{"+1", 0, false, 0, false},
		{" 1", 0, false, 0, false},
		{"1.5", 0, false, 0, false},
		{"99999999999999999999x", 0, false, 0, false},
	}
	for _, tt := range tests {
		if n, ok := ParseUint([]byte(tt.text)); ok != tt.ok || ok && n != tt.n {
			t.Errorf("ParseUint(%q) = %d, %t; want %d, %t", tt.text, n, ok, tt.n, tt.ok)
		}
		if n, ok := ParseDelta([]byte(tt.text)); ok != tt.deltaOK || ok && n != tt.delta {
			t.Errorf("ParseDelta(%q) = %d, %t; want %d, %t", tt.text, n, ok, tt.delta, tt.deltaOK)
		}
	}
}

func TestAuthority(t *testing.T) {
	tests := []struct {
		authority string
		host      string // "": invalid
		port      int
	}{
		{"a", "a", 0},
		{"CDN.Example.COM", "cdn.example.com", 0},
		{"cdn.example.com.", "cdn.example.com", 0},
		{"cdn.example.com.:8443", "cdn.example.com", 8443},
		{"cdn.example.com:", "cdn.example.com", 0},
		{"cdn.example.com:00080", "cdn.example.com", 80},
		{"a_b.xn--bcher-kva.example", "a_b.xn--bcher-kva.example", 0},
		{"127.0.0.1:8080", "127.0.0.1", 8080},
		{"[2001:DB8::A]", "[2001:db8::a]", 0},
		{"[::1]:443", "[::1]", 443},
		{"[::ffff:1.2.3.4]:1", "[::ffff:1.2.3.4]", 1},
		{"", "", 0},
		{":80", "", 0},
		{".", "", 0},
		{".a", "", 0},
		{"a..b", "", 0},
		{"a..", "", 0},
		{"a:b", "", 0},
		{"a:-1", "", 0},
		{"a:99999", "", 0},
		{"a:80:80", "", 0},
		{"a%20b", "", 0},
		{"a,b", "", 0},
		{"u@a", "", 0},
		{"a/b", "", 0},
		{"b\xc3\xbccher.example", "", 0},
		{"[", "", 0},
		{"[]", "", 0},
		{"[::1", "", 0},
		{"[::1]x", "", 0},
		{"[::1]x:1", "", 0},
		{"[1.2.3.4]", "", 0},
		{"[fe80::1%25eth0]", "", 0},
		{"::1", "", 0},
		{strings.Repeat("a", 255), strings.Repeat("a", 255), 0},
		{strings.Repeat("a", 256), "", 0},
	}
	for _, tt := range tests {
		if got := ValidAuthority([]byte(tt.authority)); got != (tt.host != "") {
			t.Errorf("ValidAuthority(%q) = %t", tt.authority, got)
			continue
		}
		if tt.host == "" {
			continue
		}
		dst := []byte("before")
		if host, port := SplitAuthority(dst, []byte(tt.authority)); string(host) != tt.host || port != tt.port {
			t.Errorf("SplitAuthority(%q) = %q, %d; want %q, %d", tt.authority, host, port, tt.host, tt.port)
		}
	}
}
