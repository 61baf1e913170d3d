package deliver

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/cdnfield"
	"github.com/cistern-cdn/cistern/internal/spec/httpcache"
	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
)

// Times of the tests, in Unix seconds.
const (
	born = 1_767_323_045 // Fri, 02 Jan 2026 03:04:05 GMT
	now  = born + 40
)

const bornDate = "Fri, 02 Jan 2026 03:04:05 GMT"

// heap is a flow.Memory without a budget.
type heap struct{}

func (heap) Chunk(n int) []byte { return make([]byte, n) }
func (heap) Recycle(c []byte)   { clear(c) } // a reader that still looks will notice

// parseFields reads "Name: value" lines.
func parseFields(lines ...string) (out httpmsg.Fields) {
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		out = append(out, httpmsg.Field{Name: []byte(name), Value: []byte(value)})
	}
	return out
}

// A response is an origin's answer in a test.
type response struct {
	status int // 0: 200
	fields []string
	body   string
	grows  int64 // if not 0, the body is the first bytes of this many; -1: of an unknown number
	head   bool  // an answer to HEAD, whose Content-Length was grows (-1: none)
	lost   bool  // a negative entry
}

// exchange returns one about to be delivered, answered by res with result.
func exchange(t testing.TB, res response, result flow.Result, request ...string) *flow.Exchange {
	t.Helper()
	if res.status == 0 {
		res.status = 200
	}
	fields := httpcache.StoredFields(nil, parseFields(res.fields...), &httpcache.Policy{}, born)
	meta := flow.NewMeta(res.status, fields, httpcache.Verdict{Storable: true, Born: born, Lifetime: 100})
	o := flow.NewObject("G1./x", heap{}, meta)
	o.Negative = res.lost
	expect := int64(len(res.body))
	switch {
	case res.head:
		meta.Length = res.grows
	case res.grows != 0:
		expect = res.grows
	}
	growth := flow.Grow(o, expect, 1<<30, true, func() {})
	reader := growth.Read(0)
	for rest := []byte(res.body); len(rest) > 0; {
		n := copy(growth.Space(nil), rest)
		growth.Commit(n)
		rest = rest[n:]
	}
	x := &flow.Exchange{Now: now * 1e9, Result: result, Site: &flow.Site{BrowserTTL: -1}}
	x.Request.Method = []byte("GET")
	x.Request.Fields = parseFields(request...)
	switch result {
	case flow.ResultHit:
		x.Status.Hit = true
	case flow.ResultMiss:
		x.Status = cdnfield.CacheStatus{Fwd: cdnfield.FwdURIMiss, FwdStatus: res.status, Stored: true}
	case flow.ResultBypass:
		x.Status = cdnfield.CacheStatus{Fwd: cdnfield.FwdBypass, FwdStatus: res.status}
	case flow.ResultStale:
		x.Status.Fwd = cdnfield.FwdStale
	case flow.ResultRevalidated:
		x.Status = cdnfield.CacheStatus{Fwd: cdnfield.FwdStale, FwdStatus: 304}
	}
	if expect == int64(len(res.body)) {
		growth.End(0, nil, nil)
		o.Pin()
		x.Find(o)
		reader.Unpin()
		growth.Close()
	} else {
		x.Follow(reader)
	}
	t.Cleanup(x.Release)
	return x
}

// written returns the reply as a transport writes it, one line a field, in
// the order of names: status, fields, "" and the body that is there.
func written(t testing.TB, x *flow.Exchange) []string {
	t.Helper()
	r := &x.Reply
	var head []byte
	if r.Block != nil {
		head = r.Block.H1
		if r.Status == 304 {
			head = head[:r.Block.N304]
		}
	}
	head = httpmsg.Fields(r.Extra).Append(bytes.Clone(head))
	lines := strings.Split(strings.TrimSuffix(string(head), "\r\n"), "\r\n")
	if r.Age >= 0 {
		lines = append(lines, "Age: "+strconv.FormatInt(r.Age, 10))
	}
	if x.Status.Hit || x.Status.Fwd != "" {
		lines = append(lines, "Cache-Status: "+string(x.Status.Append(nil)))
	}
	if s := x.Result.String(); s != "" {
		lines = append(lines, "X-Cache: "+s)
	}
	if r.Body.Len >= 0 {
		lines = append(lines, "Content-Length: "+strconv.FormatInt(r.Body.Len, 10))
	}
	slices.Sort(lines)
	lines = append([]string{strconv.Itoa(r.Status)}, lines...)
	return append(lines, "", pulled(t, x))
}

// pulled returns the bytes of the body that can be had now, if any are sent.
func pulled(t testing.TB, x *flow.Exchange) string {
	t.Helper()
	b := &x.Reply.Body
	switch {
	case x.Reply.NoBody:
		return ""
	case b.Mem != nil:
		if b.Src != nil || int64(len(b.Mem)) != b.Len {
			t.Errorf("body has Mem of %d bytes, Src %v and Len %d", len(b.Mem), b.Src, b.Len)
		}
		return string(b.Mem)
	case b.Src == nil:
		return ""
	}
	var got []byte
	for off := b.Off; b.Len < 0 || off < b.Off+b.Len; {
		most := flow.ChunkSize
		if b.Len >= 0 {
			most = int(min(b.Off+b.Len-off, flow.ChunkSize))
		}
		piece, eof, err := b.Src.Next(off, most, nil)
		if err != nil {
			t.Fatalf("Next(%d) = %v", off, err)
		}
		got = append(got, piece...)
		off += int64(len(piece))
		b.Src.Sent(off)
		if eof || len(piece) == 0 {
			break
		}
	}
	return string(got)
}

// values returns the values of the lines called name.
func values(lines []string, name string) (out []string) {
	for _, line := range lines {
		if v, ok := strings.CutPrefix(line, name+": "); ok {
			out = append(out, v)
		}
	}
	return out
}
