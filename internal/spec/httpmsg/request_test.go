package httpmsg

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"testing"
)

// heads is the table of raw heads and their verdict: what a strict server
// answers, and whether it may go on reading from the connection.
var heads = []struct {
	name   string
	raw    string
	status int // 0: accepted
}{
	{"plain", "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n", 0},
	{"without fields on 1.0", "GET / HTTP/1.0\r\n\r\n", 0},
	{"one empty line before", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 0},
	{"two empty lines before", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"bare LF before", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},

	{"length and chunked", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
	{"chunked and length", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n", 400},
	{"chunked", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n", 0},
	{"unknown coding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", 400},
	{"coding identity", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", 400},
	{"coding before chunked", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 400},
	{"chunked not last", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", 400},
	{"chunked twice", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", 400},
	{"coding repeated", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
	{"coding empty", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n", 400},
	{"coding with a parameter", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked;q=1\r\n\r\n", 400},
	{"coding behind vertical tab", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \vchunked\r\n\r\n", 400},
	{"chunked on 1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400},

	{"length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 007\r\n\r\n", 0},
	{"lengths differ", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 400},
	{"lengths equal", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", 400},
	{"length with plus", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n", 400},
	{"length with minus", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n", 400},
	{"length hex", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\n", 400},
	{"length list", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n", 400},
	{"length empty", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", 400},
	{"length overflows", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775808\r\n\r\n", 400},
	{"length overflows twice", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551621\r\n\r\n", 400},
	{"length no digits", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: five\r\n\r\n", 400},

	{"blank before colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400},
	{"tab before colon", "GET / HTTP/1.1\r\nHost: a\r\nX\t: a\r\n\r\n", 400},
	{"no colon", "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", 400},
	{"empty name", "GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n", 400},
	{"name not a token", "GET / HTTP/1.1\r\nHost: a\r\nX(y): z\r\n\r\n", 400},
	{"name not ASCII", "GET / HTTP/1.1\r\nHost: a\r\nX\xe9: z\r\n\r\n", 400},
	{"folded line", "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n", 400},
	{"folded line with tab", "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\tz: 1\r\n\r\n", 400},
	{"folded first line", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
	{"bare CR in value", "GET / HTTP/1.1\r\nHost: a\r\nX: y\rz\r\n\r\n", 400},
	{"NUL in value", "GET / HTTP/1.1\r\nHost: a\r\nX: y\x00z\r\n\r\n", 400},
	{"control byte in value", "GET / HTTP/1.1\r\nHost: a\r\nX: y\x1fz\r\n\r\n", 400},
	{"DEL in value", "GET / HTTP/1.1\r\nHost: a\r\nX: y\x7fz\r\n\r\n", 400},
	{"tab in value", "GET / HTTP/1.1\r\nHost: a\r\nX: y\tz and more text\r\n\r\n", 0},
	{"bytes from 0x80 in value", "GET / HTTP/1.1\r\nHost: a\r\nX: \x80\xff caf\xc3\xa9\r\n\r\n", 0},
	{"empty value", "GET / HTTP/1.1\r\nHost: a\r\nX:\r\nY: \t \r\n\r\n", 0},
	{"bare LF in request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400},
	{"bare LF in field", "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", 400},
	{"bare LF at the end", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400},

	{"no Host on 1.1", "GET / HTTP/1.1\r\n\r\n", 400},
	{"no Host in absolute-form", "GET http://a/ HTTP/1.1\r\n\r\n", 400},
	{"two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
	{"two Hosts on 1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400},
	{"empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400},
	{"empty Host on 1.0", "GET / HTTP/1.0\r\nHost: \r\n\r\n", 400},
	{"Host with path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
	{"Host with blank", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
	{"Host list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400},
	{"Host with user info", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400},
	{"Host with port", "GET / HTTP/1.1\r\nHost: a:8080\r\n\r\n", 0},
	{"Host with large port", "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", 400},
	{"Host with two ports", "GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n", 400},
	{"Host IPv6", "GET / HTTP/1.1\r\nHost: [2001:DB8::1]:80\r\n\r\n", 0},
	{"Host IPv6 broken", "GET / HTTP/1.1\r\nHost: [2001:db8::1\r\n\r\n", 400},

	{"absolute-form agrees", "GET http://A.Example:80/x HTTP/1.1\r\nHost: a.example\r\n\r\n", 0},
	{"absolute-form https agrees", "GET HTTPS://a.example/x HTTP/1.1\r\nHost: a.example:443\r\n\r\n", 0},
	{"absolute-form without path", "GET http://a.example HTTP/1.1\r\nHost: a.example\r\n\r\n", 0},
	{"absolute-form on 1.0", "GET http://a.example/ HTTP/1.0\r\n\r\n", 0},
	{"absolute-form other host", "GET http://b.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n", 400},
	{"absolute-form other port", "GET http://a.example:81/ HTTP/1.1\r\nHost: a.example\r\n\r\n", 400},
	{"absolute-form default port of the other scheme", "GET http://a.example:443/ HTTP/1.1\r\nHost: a.example\r\n\r\n", 400},
	{"absolute-form other scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"absolute-form user info", "GET http://u:p@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"absolute-form without host", "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"absolute-form with one slash", "GET http:/a HTTP/1.1\r\nHost: a\r\n\r\n", 400},

	{"fragment", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"raw byte from 0x80 in target", "GET /caf\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"blank in target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"tab in target", "GET /a\tb HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"NUL in target", "GET /a\x00b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"DEL in target", "GET /a\x7fb HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"bytes that browsers send", "GET /\"<>\\^`{|}?\"<>\\^`{|} HTTP/1.1\r\nHost: a\r\n\r\n", 0},
	{"broken escape is the mapper's", "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 0},
	{"no target", "GET  HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"two blanks before target", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"target without slash", "GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"authority-form on GET", "GET a.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\n", 400},
	{"authority-form on CONNECT", "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n", 0},
	{"origin-form on CONNECT", "CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"asterisk on GET", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"asterisk on OPTIONS", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 0},
	{"asterisk and more", "OPTIONS *x HTTP/1.1\r\nHost: a\r\n\r\n", 400},

	{"method not a token", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"no method", " / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"unknown method", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 0},
	{"HTTP/0.9", "GET /\r\n", 400},
	{"one word", "GET\r\n", 400},
	{"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
	{"HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505},
	{"HTTP/0.9 by name", "GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505},
	{"version in lower case", "GET / http/1.1\r\nHost: a\r\n\r\n", 400},
	{"version with two digits", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400},
	{"version without minor", "GET / HTTP/1\r\nHost: a\r\n\r\n", 400},
	{"blank behind version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400},
	{"TLS client hello", "\x16\x03\x01\x02\x00\x01", 400},

	{"body on GET", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n", 400},
	{"chunked body on HEAD", "HEAD / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
	{"body on OPTIONS", "OPTIONS / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n", 400},
	{"empty body on GET", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 0},

	{"upgrade is ignored", "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAM\r\n\r\n", 0},
	{"expect 100-continue", "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\n", 0},
	{"expect something else", "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\nContent-Length: 3\r\n\r\n", 417},
	{"expect nothing", "GET / HTTP/1.1\r\nHost: a\r\nExpect:\r\n\r\n", 417},
	{"bad expect is told last", "GET / HTTP/1.1\r\nExpect: x\r\n\r\n", 400},
}

func TestParseVerdicts(t *testing.T) {
	for _, tt := range heads {
		t.Run(tt.name, func(t *testing.T) {
			var r Request
			n, err := r.Parse([]byte(tt.raw), nil)
			if got := statusOf(t, err); got != tt.status {
				t.Fatalf("Parse(%q) = %d, %v; want status %d", tt.raw, n, err, tt.status)
			}
			want := 0
			if tt.status == 0 {
				want = len(tt.raw)
			}
			if n != want {
				t.Errorf("Parse(%q) = %d; want %d", tt.raw, n, want)
			}
		})
	}
}

// The verdict does not depend on how the bytes are cut: one at a time in one
// buffer, or in a new buffer each time.
func TestParseByteByByte(t *testing.T) {
	for _, tt := range heads {
		for _, move := range []bool{false, true} {
			var r Request
			buf := []byte(tt.raw)
			status, n := 0, 0
			for i := 1; i <= len(buf) && n == 0 && status == 0; i++ {
				part := buf[:i]
				if move {
					part = bytes.Clone(part)
				}
				var err error
				n, err = r.Parse(part, nil)
				status = statusOf(t, err)
			}
			if status != tt.status || (n == len(buf)) != (tt.status == 0) {
				t.Errorf("%s: byte by byte, moved %t: n %d, status %d; want status %d", tt.name, move, n, status, tt.status)
			}
		}
	}
}

func statusOf(t *testing.T, err error) int {
	t.Helper()
	if err == nil {
		return 0
	}
	var fault *ParseError
	if !errors.As(err, &fault) {
		t.Fatalf("error %v is no *ParseError", err)
	}
	return fault.Status
}

func TestParseReading(t *testing.T) {
	tests := []struct {
		raw  string
		want string
	}{
		{"GET /a/b?c=d?e HTTP/1.1\r\nHost: A.example:8080\r\n\r\n",
			`GET 1.1 authority="A.example:8080" path="/a/b" query="c=d?e" length=-1`},
		{"GET /a? HTTP/1.1\r\nHost: a\r\n\r\n", `GET 1.1 authority="a" path="/a" query="" length=-1`},
		{"GET //a/../b HTTP/1.1\r\nHost: a\r\n\r\n", `GET 1.1 authority="a" path="//a/../b" length=-1`},
		{"GET HTTP://B?x HTTP/1.1\r\nHost: b:80\r\n\r\n",
			`GET 1.1 scheme="HTTP" authority="B" path="/" query="x" length=-1`},
		{"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", `OPTIONS 1.1 authority="a" path="" * length=-1`},
		{"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", `CONNECT 1.1 authority="a:443" path="" length=-1 close`},
		{"GET / HTTP/1.0\r\n\r\n", `GET 1.0 authority="" path="/" length=-1 close`},
		{"GET / HTTP/1.0\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n", `GET 1.0 authority="a" path="/" length=-1 keep`},
		{"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", `GET 1.0 authority="" path="/" length=-1 close`},
		{"GET / HTTP/1.1\r\nHost: a\r\nConnection: x\r\nConnection: y , CLOSE\r\n\r\n", `GET 1.1 authority="a" path="/" length=-1 close`},
		{"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", `GET 1.1 authority="a" path="/" length=-1`},
		{"GET / HTTP/1.1\r\nHost: a\r\nConnection: \"close\"\r\n\r\n", `GET 1.1 authority="a" path="/" length=-1`},
		{"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775807\r\nExpect: 100-continue\r\n\r\n",
			`PUT 1.1 authority="a" path="/" length=9223372036854775807 expect`},
		{"PUT / HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n", `PUT 1.0 authority="" path="/" length=1 close`},
		{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", `POST 1.1 authority="a" path="/" length=-1 chunked`},
	}
	var r Request // one for all: nothing may be left of the one before
	for _, tt := range tests {
		if _, err := r.Parse([]byte(tt.raw), nil); err != nil {
			t.Errorf("Parse(%q): %v", tt.raw, err)
			continue
		}
		if got := describe(&r); got != tt.want {
			t.Errorf("Parse(%q) =\n%s; want\n%s", tt.raw, got, tt.want)
		}
	}
}

func describe(r *Request) string {
	var b strings.Builder
	b.WriteString(string(r.Method) + " 1." + strconv.Itoa(r.Minor))
	if r.Scheme != nil {
		b.WriteString(" scheme=" + strconv.Quote(string(r.Scheme)))
	}
	b.WriteString(" authority=" + strconv.Quote(string(r.Authority)) + " path=" + strconv.Quote(string(r.Path)))
	if r.HasQuery {
		b.WriteString(" query=" + strconv.Quote(string(r.Query)))
	}
	if r.Asterisk {
		b.WriteString(" *")
	}
	b.WriteString(" length=" + strconv.FormatInt(r.ContentLength, 10))
	for _, flag := range []struct {
		name string
		set  bool
	}{{"chunked", r.Chunked}, {"close", r.Close}, {"keep", r.KeepAlive10}, {"expect", r.Expect100}} {
		if flag.set {
			b.WriteString(" " + flag.name)
		}
	}
	return b.String()
}

func TestParsePipelined(t *testing.T) {
	buf := []byte("GET /1 HTTP/1.1\r\nHost: a\r\nX: 1\r\n\r\n\r\nHEAD /2 HTTP/1.1\r\nHost: b\r\n\r\nGET /3 HT")
	var r Request
	var got []string
	for {
		n, err := r.Parse(buf, nil)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			break
		}
		got = append(got, string(r.Method)+string(r.Path)+string(r.Authority)+strconv.Itoa(len(r.Fields)))
		buf = buf[n:]
	}
	if want := "GET/1a2 HEAD/2b1"; strings.Join(got, " ") != want {
		t.Errorf("requests %q; want %q", got, want)
	}
	if string(buf) != "GET /3 HT" {
		t.Errorf("left %q", buf)
	}
}

func TestParseLimits(t *testing.T) {
	const line, host = "GET / HTTP/1.1\r\n", "Host: a\r\n"
	lim := Limits{RequestLine: 20, FieldLine: 30, Head: 60, Fields: 4}
	tests := []struct {
		name string
		raw  string
		want int
	}{
		{"request line at the limit", "GET /234567 HTTP/1.1\r\n" + host + "\r\n", 0},
		{"request line beyond", "GET /2345678 HTTP/1.1\r\n" + host + "\r\n", 414},
		{"request line incomplete", "GET /2345678901234567", 414},
		{"field line at the limit", line + host + "X: " + strings.Repeat("y", 27) + "\r\n\r\n", 0},
		{"field line beyond", line + host + "X: " + strings.Repeat("y", 28) + "\r\n\r\n", 431},
		{"field line incomplete", line + host + "X: " + strings.Repeat("y", 28), 431},
		{"all lines at the limit", line + host + "X: " + strings.Repeat("y", 25) + "\r\n" + "Z: " + strings.Repeat("y", 16) + "\r\n\r\n", 0},
		{"all lines beyond", line + host + "X: " + strings.Repeat("y", 25) + "\r\n" + "Z: " + strings.Repeat("y", 17) + "\r\n\r\n", 431},
		{"all lines incomplete", line + host + "X: " + strings.Repeat("y", 25) + "\r\n" + "Z: " + strings.Repeat("y", 17), 431},
		{"four fields", line + host + "A:\r\nB:\r\nC:\r\n\r\n", 0},
		{"five fields", line + host + "A:\r\nB:\r\nC:\r\nD:\r\n", 431},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var r Request
			_, err := r.Parse([]byte(tt.raw), &lim)
			if got := statusOf(t, err); got != tt.want {
				t.Errorf("Parse(%q) = %v; want status %d", tt.raw, err, tt.want)
			}
		})
	}
}

// A buffer of MaxBytes is never full with a head that is still incomplete.
func TestLimitsMaxBytes(t *testing.T) {
	lim := Limits{RequestLine: 20, FieldLine: 30, Head: 60, Fields: 100}
	longest := "\r\nGET /234567 HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("y", 27) + "\r\nZ: " + strings.Repeat("y", 14) + "\r\n\r\n"
	if got := lim.MaxBytes(); got != len(longest) {
		t.Fatalf("MaxBytes() = %d; want %d", got, len(longest))
	}
	var r Request
	if n, err := r.Parse([]byte(longest), &lim); n != len(longest) || err != nil {
		t.Fatalf("Parse(longest head) = %d, %v; want %d", n, err, len(longest))
	}
	for i := range longest[:len(longest)-2] {
		buf := []byte(longest[:i+1] + strings.Repeat("x", len(longest)-i-1))
		r.Reset()
		if n, err := r.Parse(buf, &lim); n == 0 && err == nil {
			t.Errorf("Parse(%q) wants more than MaxBytes", buf)
		}
	}
	if got, want := (*Limits)(nil).MaxBytes(), 8<<10+32<<10+6; got != want {
		t.Errorf("default MaxBytes() = %d; want %d", got, want)
	}
}

func TestResetAbandons(t *testing.T) {
	buf := []byte("GET /old HTTP/1.1\r\nHost: old\r\nX: y")
	var r Request
	if n, err := r.Parse(buf, nil); n != 0 || err != nil {
		t.Fatalf("Parse(incomplete) = %d, %v", n, err)
	}
	r.Reset()
	n := copy(buf, "GET / HTTP/1.1\r\nHost: n\r\n\r\n")
	if got, err := r.Parse(buf[:n], nil); got != n || err != nil || string(r.Authority) != "n" || len(r.Fields) != 1 {
		t.Errorf("Parse after Reset = %d, %v, %s; want %d", got, err, describe(&r), n)
	}
}

// A value may be appended to without writing into the connection's buffer.
func TestFieldsKeepToThemselves(t *testing.T) {
	raw := "GET / HTTP/1.1\r\nHost: a\r\nX: y \r\n\r\n"
	buf := []byte(raw)
	var r Request
	if _, err := r.Parse(buf, nil); err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Fields {
		_, _ = append(f.Name, '!'), append(f.Value, '!')
	}
	if string(buf) != raw {
		t.Errorf("buffer is now %q", buf)
	}
}

// browser is what a browser of today asks for an image.
const browser = "GET /media/2026/cover-large.jpg?v=12 HTTP/1.1\r\n" +
	"Host: cdn.example.com\r\n" +
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n" +
	"Accept: image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5\r\n" +
	"Accept-Language: en-US,en;q=0.5\r\n" +
	"Accept-Encoding: gzip, deflate, br, zstd\r\n" +
	"Referer: https://www.example.com/articles/private-buckets\r\n" +
	"Connection: keep-alive\r\n" +
	"Sec-Fetch-Dest: image\r\n" +
	"Sec-Fetch-Mode: no-cors\r\n" +
	"Sec-Fetch-Site: same-site\r\n" +
	"\r\n"

func TestParseAllocatesNothing(t *testing.T) {
	var r Request
	for _, tt := range []struct {
		name, raw string
	}{
		{"browser", browser},
		{"refused", "GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n"},
		{"absolute-form", "GET http://a.example:80/x HTTP/1.1\r\nHost: a.example\r\n\r\n"},
	} {
		buf := []byte(tt.raw)
		if n := testing.AllocsPerRun(100, func() {
			_, err := r.Parse(buf, nil)
			if (err != nil) != (tt.name == "refused") {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: Parse allocates %v times; want 0", tt.name, n)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	buf := []byte(browser)
	var r Request
	b.SetBytes(int64(len(buf)))
	b.ReportAllocs()
	for b.Loop() {
		if n, err := r.Parse(buf, nil); n != len(buf) || err != nil {
			b.Fatal(n, err)
		}
	}
}

// FuzzParse checks what holds for all input: the same verdict however the
// bytes are cut, and no accepted head that another reader could see
// differently.
func FuzzParse(f *testing.F) {
	for _, tt := range heads {
		f.Add([]byte(tt.raw), 7)
	}
	f.Add([]byte(browser), 100)
	lim := Limits{RequestLine: 200, FieldLine: 200, Head: 500, Fields: 12}
	f.Fuzz(func(t *testing.T, raw []byte, cut int) {
		var whole, parts Request
		n, err := whole.Parse(raw, &lim)
		if cut > 0 && cut < len(raw) {
			n1, err1 := parts.Parse(raw[:cut], &lim)
			if n1 == 0 && err1 == nil {
				n1, err1 = parts.Parse(raw, &lim)
			}
			if n1 != n || err1 != err {
				t.Fatalf("cut at %d: %d, %v; whole: %d, %v", cut, n1, err1, n, err)
			}
			if n > 0 && describe(&parts) != describe(&whole) {
				t.Fatalf("cut at %d: %s; whole: %s", cut, describe(&parts), describe(&whole))
			}
		}
		if err != nil || n == 0 {
			if len(raw) >= lim.MaxBytes() && err == nil {
				t.Fatalf("Parse wants more than %d bytes", lim.MaxBytes())
			}
			return
		}
		checkAccepted(t, raw[:n], &whole)
	})
}

func checkAccepted(t *testing.T, head []byte, r *Request) {
	t.Helper()
	if !bytes.HasSuffix(head, []byte("\r\n\r\n")) {
		t.Fatalf("head %q does not end in an empty line", head)
	}
	lines := strings.Split(strings.TrimPrefix(string(head), "\r\n"), "\r\n")
	if want := len(lines) - 3; len(r.Fields) != want {
		t.Fatalf("%d fields of %q; want %d", len(r.Fields), head, want)
	}
	for i, f := range r.Fields {
		if !ValidName(f.Name) || !ValidValue(f.Value) || !strings.HasPrefix(lines[i+1], string(f.Name)+":") {
			t.Fatalf("field %q: %q of line %q", f.Name, f.Value, lines[i+1])
		}
	}
	if r.Minor == 1 && !ValidAuthority(r.Authority) {
		t.Fatalf("authority %q", r.Authority)
	}
	if r.Chunked && (r.ContentLength >= 0 || r.Minor == 0) {
		t.Fatalf("two framings: %s", describe(r))
	}
	if !r.Asterisk && string(r.Method) != "CONNECT" && (len(r.Path) == 0 || r.Path[0] != '/') {
		t.Fatalf("path %q", r.Path)
	}
}
