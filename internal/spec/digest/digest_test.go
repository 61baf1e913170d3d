package digest

import (
	"strings"
	"testing"

	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
)

// Digests of "hello world\n", as Python's hashlib and zlib give them.
const (
	sha256Hello = "qUiQTy8PR5uPgZdpSzAYSw0u0cHNKh7A+4XSmaGSpEc="
	sha1Hello   = "IlljY7PeQLBvmB+4XYIxLowO1RE="
	crc32Hello  = "rwg7LQ=="
	crc32cHello = "8P9ykg=="
	sha512Hello = "2zl0qX8kB7fK4a5jfAAwaHoRkTJ01XhJJVjjnBbAF96E6s3Ixi/jTuThK0sUKIF/Cbaidgw/imZM6ulNJDSlkw=="
)

func TestCheck(t *testing.T) {
	tests := []struct {
		name   string
		fields string // lines
		states bool
		wrong  string // for other content
	}{
		{name: "none", fields: "Content-Type: text/plain"},
		{name: "repr sha-256", fields: "Repr-Digest: sha-256=:" + sha256Hello + ":", states: true, wrong: "sha-256"},
		{name: "content sha-512", fields: "Content-Digest: sha-512=:" + sha512Hello + ":", states: true, wrong: "sha-512"},
		{name: "several", fields: "Repr-Digest: id-sha-512=:AAAA:, sha-256=:" + sha256Hello + ":\nRepr-Digest: sha-512=:" + sha512Hello + ":", states: true, wrong: "sha-256"},
		{name: "unknown algorithm", fields: "Repr-Digest: md5=:AAAA:"},
		{name: "wrong type", fields: `Repr-Digest: sha-256="` + sha256Hello + `"`},
		{name: "wrong length", fields: "Repr-Digest: sha-256=:AAAA:"},
		{name: "no dictionary", fields: "Repr-Digest: sha-256=:" + sha256Hello},
		{name: "s3 sha256", fields: "x-amz-checksum-sha256: " + sha256Hello, states: true, wrong: "sha-256"},
		{name: "s3 sha1", fields: "X-Amz-Checksum-Sha1: " + sha1Hello, states: true, wrong: "sha1"},
		{name: "s3 crc32", fields: "x-amz-checksum-crc32: " + crc32Hello, states: true, wrong: "crc32"},
		{name: "s3 crc32c", fields: "x-amz-checksum-crc32c: " + crc32cHello, states: true, wrong: "crc32c"},
		{name: "s3 full object", fields: "x-amz-checksum-crc32c: " + crc32cHello + "\nx-amz-checksum-type: FULL_OBJECT", states: true, wrong: "crc32c"},
		{name: "s3 in parts", fields: "x-amz-checksum-sha256: " + sha256Hello + "-3"},
		{name: "s3 composite", fields: "x-amz-checksum-sha256: " + sha256Hello + "\nx-amz-checksum-type: COMPOSITE"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var fields httpmsg.Fields
			for line := range strings.SplitSeq(tt.fields, "\n") {
				name, value, _ := strings.Cut(line, ": ")
				fields = append(fields, httpmsg.Field{Name: []byte(name), Value: []byte(value)})
			}
			right, other := New(fields), New(fields)
			if (right != nil) != tt.states {
				t.Fatalf("New = %v; want a check: %v", right, tt.states)
			}
			right.Write([]byte("hello "))
			right.Write([]byte("world\n"))
			other.Write([]byte("hello world"))
			if got := right.Wrong(); got != "" {
				t.Errorf("right content: %q is wrong", got)
			}
			if got := other.Wrong(); got != tt.wrong {
				t.Errorf("other content: %q is wrong; want %q", got, tt.wrong)
			}
		})
	}
}
