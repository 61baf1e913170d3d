// Package digest reads the digests that a response states of its content, and
// holds the content against them: Repr-Digest and Content-Digest (RFC 9530),
// and the checksums of object stores (AWS S3 User Guide, "Checking object
// integrity").
package digest

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // a checksum that stores give, not a proof
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"hash"
	"hash/crc32"

	"github.com/cistern-cdn/cistern/internal/spec/cdnfield"
	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
)

// A Check compares content with what a response states of it. It is not safe
// for concurrent use. The nil Check states nothing and is always right.
type Check struct {
	sums []sum
}

type sum struct {
	algorithm string
	hash      hash.Hash
	want      []byte
}

// New returns the check of a complete response to GET with these fields; nil
// if they state no digest that is known. A digest that cannot be read is as if
// absent, and so is the checksum of an upload in parts, which is not that of
// the content.
func New(fields httpmsg.Fields) *Check {
	var c Check
	for _, name := range [...]string{"Repr-Digest", "Content-Digest"} {
		c.addDictionary(fields.AppendJoined(nil, name))
	}
	if !httpmsg.EqualFold(fields.Get("x-amz-checksum-type"), "COMPOSITE") {
		for _, s := range stored {
			value := fields.Get(s.field)
			if want, err := base64.StdEncoding.DecodeString(string(value)); err == nil {
				c.add(s.algorithm, want)
			}
		}
	}
	if c.sums == nil {
		return nil
	}
	return &c
}

// stored are the checksums of object stores that are known.
var stored = [...]struct{ field, algorithm string }{
	{"x-amz-checksum-sha256", "sha-256"},
	{"x-amz-checksum-sha1", "sha1"},
	{"x-amz-checksum-crc32", "crc32"},
	{"x-amz-checksum-crc32c", "crc32c"},
}

func (c *Check) addDictionary(value []byte) {
	if len(value) == 0 {
		return
	}
	dictionary, err := cdnfield.ParseDictionary(value)
	if err != nil {
		return
	}
	for _, algorithm := range [...]string{"sha-256", "sha-512"} {
		if m, ok := dictionary.Get(algorithm); ok && m.Kind == cdnfield.KindBytes {
			c.add(algorithm, []byte(m.Text))
		}
	}
}

func (c *Check) add(algorithm string, want []byte) {
	for i := range c.sums {
		if c.sums[i].algorithm == algorithm && bytes.Equal(c.sums[i].want, want) {
			return // stated twice
		}
	}
	var h hash.Hash
	switch algorithm {
	case "sha-256":
		h = sha256.New()
	case "sha-512":
		h = sha512.New()
	case "sha1":
		h = sha1.New() //nolint:gosec // see above
	case "crc32":
		h = crc32.NewIEEE()
	case "crc32c":
		h = crc32.New(crc32.MakeTable(crc32.Castagnoli))
	}
	if len(want) == h.Size() {
		c.sums = append(c.sums, sum{algorithm, h, want})
	}
}

// Write adds the next bytes of the content.
func (c *Check) Write(p []byte) {
	if c == nil {
		return
	}
	for i := range c.sums {
		_, _ = c.sums[i].hash.Write(p) // never fails
	}
}

// Wrong returns the first algorithm whose digest differs from that of the
// content written, "" if none does.
func (c *Check) Wrong() string {
	if c == nil {
		return ""
	}
	for i := range c.sums {
		if s := &c.sums[i]; !bytes.Equal(s.hash.Sum(nil), s.want) {
			return s.algorithm
		}
	}
	return ""
}
