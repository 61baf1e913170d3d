package httpmsg

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// decode decodes a body that arrives in pieces of step bytes, and returns what
// is left behind it.
func decode(input []byte, step int) (body, rest []byte, done bool, err error) {
	var c Chunked
	var pending []byte
	for len(input) > 0 && !done {
		n := min(step, len(input))
		pending, input = append(pending, input[:n]...), input[n:]
		for {
			data, used, end, err := c.Next(pending)
			body = append(body, data...)
			pending = pending[used:]
			if err != nil {
				return body, nil, false, err
			}
			if end {
				done = true
				break
			}
			if len(data) == 0 {
				break
			}
		}
	}
	return body, append(pending, input...), done, nil
}

func TestChunked(t *testing.T) {
	long := strings.Repeat("x", maxExtension)
	tests := []struct {
		name  string
		input string
		body  string
		rest  string
		err   *ParseError // nil: whole
		cut   bool        // more is wanted
	}{
		{name: "empty", input: "0\r\n\r\n"},
		{name: "one", input: "5\r\nhello\r\n0\r\n\r\n", body: "hello"},
		{name: "several", input: "5\r\nhello\r\n1\r\n \r\nA\r\n0123456789\r\n0\r\n\r\n", body: "hello 0123456789"},
		{name: "next request", input: "1\r\na\r\n0\r\n\r\nGET / HTTP/1.1\r\n", body: "a", rest: "GET / HTTP/1.1\r\n"},
		{name: "leading zeros", input: "0000000000000005\r\nhello\r\n00\r\n\r\n", body: "hello"},
		{name: "extensions", input: "5;a=b;c=\"d;\"\r\nhello\r\n0;\t" + long[2:] + "\r\n\r\n", body: "hello"},
		{name: "CRLF in data", input: "4\r\n\r\n\r\n\r\n0\r\n\r\n", body: "\r\n\r\n"},
		{name: "trailers", input: "0\r\nX-Sum: 1\r\nETag:\"a\"\r\nX: \r\n\r\nrest", rest: "rest"},

		{name: "nothing", cut: true},
		{name: "no end", input: "5\r\nhello\r\n", body: "hello", cut: true},
		{name: "no end of data", input: "5\r\nhel", body: "hel", cut: true},
		{name: "no last line", input: "0\r\n", cut: true},
		{name: "no end of trailers", input: "0\r\nX: y\r\n", cut: true},

		{name: "no size", input: "\r\n", err: errChunkSize},
		{name: "no size but extension", input: ";a\r\n", err: errChunkSize},
		{name: "prefix", input: "0x5\r\nhello\r\n", err: errChunkSize},
		{name: "plus", input: "+5\r\n", err: errChunkSize},
		{name: "minus", input: "-5\r\n", err: errChunkSize},
		{name: "blank before", input: " 5\r\n", err: errChunkSize},
		{name: "blank behind", input: "5 \r\n", err: errChunkSize},
		{name: "blank before extension", input: "5 ;a\r\n", err: errChunkSize},
		{name: "underscore", input: "1_0\r\n", err: errChunkSize},
		{name: "no digit", input: "g\r\n", err: errChunkSize},
		{name: "17 digits", input: "00000000000000005\r\n", err: errChunkLarge},
		{name: "overflow", input: "8000000000000000\r\n", err: errChunkLarge},
		{name: "overflow by far", input: "ffffffffffffffff\r\n", err: errChunkLarge},
		{name: "bare LF behind size", input: "5\nhello\r\n", err: errBareLF},
		{name: "bare CR behind size", input: "5\rhello\r\n", err: errBareCR},
		{name: "bare LF in extension", input: "5;a\nhello\r\n", err: errBareLF},
		{name: "bare CR in extension", input: "5;a\rb\r\nhello\r\n", err: errBareCR},
		{name: "NUL in extension", input: "5;a\x00\r\n", err: errControl},
		{name: "long extension", input: "5;" + long + "x\r\n", err: errChunkExt},
		{name: "data longer", input: "5\r\nhello!\r\n", body: "hello", err: errChunkEnd},
		{name: "data without CRLF", input: "5\r\nhello0\r\n\r\n", body: "hello", err: errChunkEnd},
		{name: "data with bare LF", input: "5\r\nhello\n0\r\n\r\n", body: "hello", err: errChunkEnd},
		{name: "data with bare CR", input: "5\r\nhello\r0\r\n\r\n", body: "hello", err: errChunkEnd},
		{name: "trailer without colon", input: "0\r\nX\r\n\r\n", err: errName},
		{name: "trailer with blank name", input: "0\r\nX : y\r\n\r\n", err: errName},
		{name: "trailer without name", input: "0\r\n: y\r\n\r\n", err: errName},
		{name: "folded trailer", input: "0\r\nX: y\r\n z\r\n\r\n", err: errFolded},
		{name: "NUL in trailer", input: "0\r\nX: \x00\r\n\r\n", err: errControl},
		{name: "bare LF in trailer", input: "0\r\nX: y\n\r\n", err: errBareLF},
		{name: "bare CR in trailer", input: "0\r\nX: y\rz\r\n\r\n", err: errBareCR},
		{name: "framing trailer", input: "0\r\ncontent-length: 5\r\n\r\n", err: errTrailerName},
		{name: "routing trailer", input: "0\r\nHOST: x\r\n\r\n", err: errTrailerName},
		{name: "forged trailer", input: "0\r\nX-Forwarded-For: x\r\n\r\n", err: errTrailerName},
		{name: "authorising trailer", input: "0\r\nAuthorization: x\r\n\r\n", err: errTrailerName},
		{name: "long trailers", input: "0\r\n" + strings.Repeat("X: "+strings.Repeat("y", 1000)+"\r\n", 9), err: errTrailers},
	}
	for _, tt := range tests {
		for _, step := range []int{1, 2, 3, 1 << 20} {
			t.Run(tt.name, func(t *testing.T) {
				body, rest, done, err := decode([]byte(tt.input), step)
				var fault *ParseError
				errors.As(err, &fault)
				if string(body) != tt.body || fault != tt.err {
					t.Errorf("in steps of %d: %q, %v; want %q, %v", step, body, err, tt.body, tt.err)
				}
				if tt.err == nil && (done == tt.cut || string(rest) != tt.rest) {
					t.Errorf("in steps of %d: done %v, rest %q; want %v, %q", step, done, rest, !tt.cut, tt.rest)
				}
			})
		}
	}
}

// FuzzChunked: how a body arrives changes nothing, and what is whole reads the
// same when it is written anew.
func FuzzChunked(f *testing.F) {
	for _, s := range []string{
		"0\r\n\r\n", "5\r\nhello\r\n0\r\n\r\nGET", "a;x=y\r\n0123456789\r\n0\r\nX: y\r\n\r\n", "5\nhello", "0x5\r\n", "ffffffffffffffff\r\n",
		"5 \r\nhello\r\n", "1\r\n\r\n\r\n", "0\r\nHost: x\r\n\r\n", "0\r\n x\r\n\r\n", "00000000000000000\r\n",
	} {
		f.Add([]byte(s), uint8(1))
	}
	f.Fuzz(func(t *testing.T, input []byte, step uint8) {
		body, rest, done, err := decode(input, len(input)+1)
		body2, rest2, done2, err2 := decode(input, int(step)+1)
		if !bytes.Equal(body, body2) || done != done2 || err != err2 || err == nil && !bytes.Equal(rest, rest2) {
			t.Fatalf("%q at once: %q, %q, %v, %v; in steps of %d: %q, %q, %v, %v", input, body, rest, done, err, int(step)+1, body2, rest2, done2, err2)
		}
		if !done {
			return
		}
		if !bytes.HasSuffix(input, rest) {
			t.Fatalf("%q leaves %q", input, rest)
		}
		used := input[:len(input)-len(rest)]
		if again, left, done, err := decode(used, 7); !bytes.Equal(again, body) || len(left) > 0 || !done || err != nil {
			t.Fatalf("%q without what follows: %q, %q, %v, %v; want %q", used, again, left, done, err, body)
		}
		if bytes.Contains(bytes.ReplaceAll(used, []byte("\r\n"), nil), []byte("\n")) && !bytes.Contains(body, []byte("\n")) {
			t.Fatalf("%q has a bare LF outside of its data", used)
		}
	})
}
