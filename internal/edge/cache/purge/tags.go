package purge

import (
	"bytes"
	"hash/maphash"
	"slices"
	"strings"

	"github.com/cistern-cdn/cistern/internal/spec/cdnfield"
	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
	"github.com/cistern-cdn/cistern/internal/zone"
)

const (
	maxTags = 256 // per object
	maxTag  = 128 // bytes
)

// tags returns the hashes of the purge tags in the named fields of a response.
// Surrogate-Key parts them by blanks; Cache-Groups is a list of strings (RFC
// 9875), ignored as a whole if it is malformed; any other field parts them by
// commas, as Cache-Tag does and the metadata that object stores keep for it. A
// tag that is empty, longer than 128 bytes or not of visible ASCII, and those
// beyond 256, are dropped and counted.
func (z *Zones) tags(fields httpmsg.Fields, names []string) []uint64 {
	if names == nil {
		names = zone.Default().Cache.TagHeaders
	}
	var c collector
	c.zones = z
	for _, name := range names {
		if strings.EqualFold(name, "Cache-Groups") {
			if fields.Get(name) != nil {
				c.addGroups(fields.AppendJoined(nil, name))
			}
			continue
		}
		for i := range fields {
			switch f := &fields[i]; {
			case !httpmsg.EqualFold(f.Name, name):
			case strings.EqualFold(name, "Surrogate-Key"):
				c.addWords(f.Value)
			default:
				c.addMembers(f.Value)
			}
		}
	}
	z.dropped.Add(c.dropped)
	return slices.Clip(c.hashes)
}

// A collector gathers the tags of an object.
type collector struct {
	zones   *Zones
	hashes  []uint64
	dropped int64
}

func (c *collector) add(tag []byte) {
	if !validTag(tag) {
		c.dropped++
		return
	}
	h := maphash.Bytes(c.zones.seed, tag)
	switch {
	case slices.Contains(c.hashes, h):
	case len(c.hashes) == maxTags:
		c.dropped++
	default:
		c.hashes = append(c.hashes, h)
	}
}

func (c *collector) addWords(value []byte) {
	for part := range bytes.FieldsFuncSeq(value, func(r rune) bool { return r == ' ' || r == '\t' }) {
		c.add(part)
	}
}

func (c *collector) addMembers(value []byte) {
	for part := range bytes.SplitSeq(value, []byte(",")) {
		// An empty member of a list is none (RFC 9110, 5.6.1.2).
		if part = bytes.Trim(part, " \t"); len(part) > 0 {
			c.add(part)
		}
	}
}

func (c *collector) addGroups(value []byte) {
	list, err := cdnfield.ParseList(value)
	if err != nil {
		c.dropped++
		return
	}
	for _, m := range list {
		if m.Kind != cdnfield.KindString {
			// RFC 9875, 2: the field is a list of strings; anything else makes
			// it malformed.
			c.dropped++
			return
		}
	}
	for _, m := range list {
		c.add([]byte(m.Text))
	}
}

func validTag(tag []byte) bool {
	if len(tag) == 0 || len(tag) > maxTag {
		return false
	}
	for _, b := range tag {
		if b < 0x21 || b > 0x7e {
			return false
		}
	}
	return true
}
