package flow

import (
	"sync/atomic"
	"time"

	"github.com/cistern-cdn/cistern/internal/spec/httpcache"
	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
)

// A Meta is what is known of a response besides its body. It is immutable: a
// validation replaces it whole.
type Meta struct {
	Status  int
	Fields  httpmsg.Fields // as the origin sent them, less what is not stored
	Verdict httpcache.Verdict
	// ETag and LastModified are the validators, nil if absent. They and Date
	// are values of Fields.
	ETag, LastModified, Date []byte
	Dated                    int64 // Date in Unix seconds; 0 without a valid one
	// Length is the Content-Length of a HEAD answer; -1: the body tells.
	Length int64
	// Stamp is the revision of the zone's newest purge when the fetch that
	// confirmed this began, or of a soft purge that has expired it since.
	Stamp int64
	// Tags are hashes of the object's purge tags.
	Tags []uint64

	block atomic.Pointer[Block]
}

// NewMeta returns the metadata of a response with these fields.
func NewMeta(status int, fields httpmsg.Fields, v httpcache.Verdict) *Meta {
	m := &Meta{
		Status: status, Fields: fields, Verdict: v, Length: -1,
		ETag: fields.Get("ETag"), LastModified: fields.Get("Last-Modified"), Date: fields.Get("Date"),
	}
	m.Dated, _ = httpmsg.ParseDate(m.Date, time.Unix(v.Born, 0))
	return m
}

// Judged returns a copy with another verdict.
func (m *Meta) Judged(v httpcache.Verdict) *Meta {
	return &Meta{
		Status: m.Status, Fields: m.Fields, Verdict: v,
		ETag: m.ETag, LastModified: m.LastModified, Date: m.Date, Dated: m.Dated,
		Length: m.Length, Stamp: m.Stamp, Tags: m.Tags,
	}
}

// Expired returns a copy that is stale as of the Unix second at, by a soft
// purge of this revision.
func (m *Meta) Expired(at, revision int64) *Meta {
	out := m.Judged(m.Verdict)
	out.Verdict.Expire(at)
	out.Stamp = revision
	return out
}

// Block returns the rendered fields, if they were rendered for policy; nil
// otherwise.
func (m *Meta) Block(policy uint64) *Block {
	if b := m.block.Load(); b != nil && b.Policy == policy {
		return b
	}
	return nil
}

// SetBlock keeps b for later replies.
func (m *Meta) SetBlock(b *Block) { m.block.Store(b) }

// Cost estimates the bytes of Go heap that the object and its rendered block
// take.
func (m *Meta) Cost() int64 {
	n := int64(512 + 8*len(m.Tags))
	for _, f := range m.Fields {
		n += int64(48 + 2*(len(f.Name)+len(f.Value)))
	}
	return n
}
