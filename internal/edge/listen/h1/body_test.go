package h1

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/httpcache"
)

// pending returns the number of bytes that have arrived and are not read.
func (v *viewer) pending() (n int) {
	v.t.Helper()
	rc, err := v.SyscallConn()
	if err == nil {
		err = rc.Control(func(fd uintptr) {
			var ierr error
			if n, ierr = unix.IoctlGetInt(int(fd), unix.TIOCINQ); ierr != nil {
				v.t.Error(ierr)
			}
		})
	}
	if err != nil {
		v.t.Error(err)
	}
	return n
}

// TestPipelined sends many requests at once: the replies come in order, small
// ones together, and nothing that is ready waits for a slow one.
func TestPipelined(t *testing.T) {
	gate := make(chan struct{})
	slow := make(chan struct{})
	var v *viewer
	h := &scripted{
		start: func(x *flow.Exchange) bool {
			switch string(x.Request.Path) {
			case "/2", "/5":
				if n := v.pending(); n != 0 {
					t.Errorf("%d bytes were sent before %s was read", n, x.Request.Path)
				}
			case "/slow":
				return false
			}
			hello(x)
			return true
		},
		finish: func(x *flow.Exchange) {
			close(slow)
			<-gate
			hello(x)
		},
	}
	_, addr := world(t, h, Options{})
	v = connect(t, addr)
	paths := []string{"/0", "/1", "/2", "/slow", "/3", "/4", "/5"}
	var all strings.Builder
	for _, p := range paths {
		all.WriteString("GET " + p + " HTTP/1.1\r\nHost: a\r\n\r\n")
	}
	v.send(all.String())
	<-slow
	for i, p := range paths {
		if p == "/slow" {
			if v.in.Buffered() > 0 {
				t.Error("more came while the slow reply was not there")
			}
			close(gate)
		}
		if b := v.body(200); b != "GET "+p {
			t.Errorf("reply %d: %q, want that to %s", i, b, p)
		}
	}
	for _, p := range paths {
		if e := h.next(t); e.path != p || e.err != nil || e.sent != int64(len("GET "+p)) {
			t.Errorf("Done: %+v, want %s", e, p)
		}
	}
}

// TestManyPipelined holds back no more than a bounded amount.
func TestManyPipelined(t *testing.T) {
	body := strings.Repeat("x", smallBody-1)
	h := &scripted{start: func(x *flow.Exchange) bool {
		text(x, 200, string(x.Request.Path)+body[len(x.Request.Path):])
		return true
	}}
	_, addr := world(t, h, Options{})
	v := connect(t, addr)
	go func() {
		for i := range 200 {
			if _, err := fmt.Fprintf(v, "GET /%d HTTP/1.1\r\nHost: a\r\n\r\n", i); err != nil {
				return // the reader's error tells
			}
		}
	}()
	for i := range 200 {
		if b := v.body(200); !strings.HasPrefix(b, fmt.Sprintf("/%dx", i)) || len(b) != len(body) {
			t.Fatalf("reply %d: %.20q…, %d bytes", i, b, len(b))
		}
		h.next(t)
	}
}

// TestBadBehindGood answers what was understood before it refuses the rest.
func TestBadBehindGood(t *testing.T) {
	h := &scripted{}
	_, addr := world(t, h, Options{})
	v := connect(t, addr)
	v.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\n\r\nGET /3 HTTP/1.1\r\nHost: a\r\n\r\n")
	if b := v.body(200); b != "GET /1" {
		t.Errorf("body %q", b)
	}
	v.body(400)
	v.gone()
	h.once(t, 200, 6, false)
}

// complete returns an object of size bytes, pinned once.
func complete(size int64) *flow.Object {
	o := flow.NewObject("k", heap{}, flow.NewMeta(200, nil, httpcache.Verdict{}))
	g := flow.Grow(o, size, size, true, func() {})
	feed(g, size, flow.ChunkSize)
	o.Pin()
	finish(g, nil)
	return o
}

const large = 5<<20 + 12345

// bodies are all ways in which a large body comes; each sets x.Reply.
var bodies = []struct {
	name     string
	off, end int64
	cut      bool // it ends with an error at end
	set      func(x *flow.Exchange)
}{
	{name: "from memory", end: large, set: func(x *flow.Exchange) {
		x.Reply = flow.Reply{Status: 200, Age: -1, Body: flow.Body{Mem: patterned(0, large), Len: large}}
	}},
	{name: "stored", end: large, set: func(x *flow.Exchange) {
		x.Find(complete(large))
		x.Reply = flow.Reply{Status: 200, Age: -1, Body: flow.Body{Src: x.Found, Len: large}}
	}},
	{name: "range of a stored one", off: 100_000, end: 3 << 20, set: func(x *flow.Exchange) {
		x.Find(complete(large))
		x.Reply = flow.Reply{Status: 206, Age: -1, Body: flow.Body{Src: x.Found, Off: 100_000, Len: 3<<20 - 100_000}}
	}},
	{name: "growing", end: large, set: func(x *flow.Exchange) { grow(x, large, large, true, nil) }},
	{name: "growing through a window", end: large, set: func(x *flow.Exchange) { grow(x, large, large, false, nil) }},
	{name: "growing, of unknown length", end: large, set: func(x *flow.Exchange) { grow(x, large, -1, true, nil) }},
	{name: "window of unknown length", end: large, set: func(x *flow.Exchange) { grow(x, large, -1, false, nil) }},
	{name: "range of a growing one", off: 4 << 20, end: 5 << 20, set: func(x *flow.Exchange) {
		grow(x, large, large, true, nil)
		x.Reply.Status, x.Reply.Body.Off, x.Reply.Body.Len = 206, 4<<20, 1<<20
	}},
	{name: "range far behind a window", off: 4 << 20, end: 5 << 20, set: func(x *flow.Exchange) {
		grow(x, large, large, false, nil)
		x.Reply.Status, x.Reply.Body.Off, x.Reply.Body.Len = 206, 4<<20, 1<<20
	}},
	{name: "growing, cut", end: 1 << 20, cut: true, set: func(x *flow.Exchange) { grow(x, 1<<20, large, true, errBroken) }},
	{name: "unknown length, cut", end: 1 << 20, cut: true, set: func(x *flow.Exchange) { grow(x, 1<<20, -1, true, errBroken) }},
	{name: "cut at once", end: 0, cut: true, set: func(x *flow.Exchange) { grow(x, 0, -1, true, errBroken) }},
	{name: "shorter than it says", end: large, cut: true, set: func(x *flow.Exchange) {
		x.Find(complete(large))
		x.Reply = flow.Reply{Status: 200, Age: -1, Body: flow.Body{Src: x.Found, Len: large + 1}}
	}},
}

var errBroken = errors.New("origin broke off")

// grow starts a body that is written, in pieces, while x is sent.
func grow(x *flow.Exchange, size, expect int64, keep bool, err error) {
	g := growing(x, expect, keep)
	go func() {
		r := rand.New(rand.NewPCG(1, uint64(size)))
		for off := int64(0); off < size; off, _ = g.Filled() {
			feed(g, min(size, off+1+r.Int64N(300_000)), flow.ChunkSize)
		}
		finish(g, err)
	}()
}

// slowly reads as a viewer does who has little room, so that writes are
// partial.
type slowly struct {
	r   io.Reader
	rnd *rand.Rand
}

func (s slowly) Read(b []byte) (int, error) {
	return s.r.Read(b[:min(len(b), 1+s.rnd.IntN(5000))])
}

// TestBodies sends every body with both versions, to a viewer with a small
// window; each byte is checked, and that a cut body does not look whole.
func TestBodies(t *testing.T) {
	for _, version := range []string{"1.1", "1.0"} {
		for _, tt := range bodies {
			t.Run(tt.name+" on "+version, func(t *testing.T) {
				h := &scripted{
					start: func(x *flow.Exchange) bool {
						if string(x.Request.Path) == "/" {
							return false
						}
						hello(x)
						return true
					},
					finish: tt.set,
				}
				_, addr := world(t, h, Options{})
				v := connect(t, addr)
				_ = v.SetReadBuffer(256 << 10)
				v.in = bufio.NewReader(slowly{v.TCPConn, rand.New(rand.NewPCG(7, 7))})
				v.send("GET / HTTP/" + version + "\r\nHost: a\r\nConnection: keep-alive\r\n\r\n")
				r := v.reply("GET")
				got, err := io.ReadAll(r.Body)
				if (err != nil) != tt.cut {
					t.Errorf("body ends with %v; cut: %t", err, tt.cut)
				}
				if chunked := len(r.TransferEncoding) > 0; chunked != (r.ContentLength < 0 && version == "1.1") {
					t.Errorf("HTTP/%s, length %d: chunked is %t", version, r.ContentLength, chunked)
				}
				if !tt.cut || version == "1.1" {
					if err := same(got, tt.off, tt.end); err != nil {
						t.Error(err)
					}
				}
				h.once(t, r.StatusCode, tt.end-tt.off, tt.cut)
				if tt.cut || r.ContentLength < 0 && version == "1.0" {
					return
				}
				v.open()
			})
		}
	}
}

// TestViewerLeaves ends the exchange of a viewer who closes the connection in
// the middle of a body.
func TestViewerLeaves(t *testing.T) {
	for _, tt := range bodies {
		if tt.cut || tt.end-tt.off < large {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			h := &scripted{start: func(*flow.Exchange) bool { return false }}
			size := int64(32 << 20)
			h.finish = func(x *flow.Exchange) {
				tt.set(x)
				if x.Reader == nil {
					return
				}
				x.Release() // tt's writer goes on alone
				g := growing(x, size, false)
				go func() {
					defer finish(g, io.ErrUnexpectedEOF)
					for !g.Idle() {
						off, _ := g.Filled()
						if off == size {
							return
						}
						feed(g, off+flow.ChunkSize, flow.ChunkSize)
					}
				}()
			}
			if strings.Contains(tt.name, "memory") || tt.name == "stored" {
				h.finish = func(x *flow.Exchange) {
					x.Reply = flow.Reply{Status: 200, Age: -1, Body: flow.Body{Mem: make([]byte, size), Len: size}}
					if tt.name == "stored" {
						x.Find(complete(size))
						x.Reply.Body = flow.Body{Src: x.Found, Len: size}
					}
				}
			}
			_, addr := world(t, h, Options{})
			v := connect(t, addr)
			_ = v.SetReadBuffer(256 << 10)
			v.get("/")
			if _, err := io.ReadFull(v.in, make([]byte, 10_000)); err != nil {
				t.Fatal(err)
			}
			_ = v.Close()
			if e := h.next(t); e.err == nil || e.sent <= 0 || e.sent >= size {
				t.Errorf("Done: %+v; want an error and a part of %d bytes", e, size)
			}
		})
	}
}

// TestRefusedBody answers while the viewer still sends: the reply arrives, and
// no byte of the body is read as a request.
func TestRefusedBody(t *testing.T) {
	for _, framing := range []string{"Content-Length: 200000", "Transfer-Encoding: chunked", "Content-Length: 200000\r\nExpect: 100-continue"} {
		t.Run(framing, func(t *testing.T) {
			h := &scripted{start: func(x *flow.Exchange) bool { text(x, 405, "no"); return true }}
			_, addr := world(t, h, Options{})
			v := connect(t, addr)
			v.send("POST / HTTP/1.1\r\nHost: a\r\n" + framing + "\r\n\r\n" + strings.Repeat("x", 100_000))
			h.once(t, 405, 2, false)
			v.send(strings.Repeat("GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n", 1000))
			r := v.reply("POST")
			if b, err := io.ReadAll(r.Body); r.StatusCode != 405 || !r.Close || err != nil || string(b) != "no" {
				t.Errorf("status %d, close %t, %q, %v", r.StatusCode, r.Close, b, err)
			}
			v.gone()
			if len(h.ended) > 0 {
				t.Errorf("a body was read as a request: %+v", <-h.ended)
			}
		})
	}
}
