package h1

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/httpcache"
)

// patience bounds what a test waits for; it only ends tests that hang.
const patience = 30 * time.Second

// An ending is a call of Handler.Done.
type ending struct {
	path   string
	status int
	sent   int64
	err    error
}

// scripted is a Handler made of functions.
type scripted struct {
	start  func(x *flow.Exchange) bool // nil: hello
	finish func(x *flow.Exchange)
	ended  chan ending
}

func (h *scripted) Start(x *flow.Exchange) bool {
	if h.start == nil {
		hello(x)
		return true
	}
	return h.start(x)
}

func (h *scripted) Finish(x *flow.Exchange) { h.finish(x) }

func (h *scripted) Done(x *flow.Exchange, sent int64, err error) {
	x.Release()
	h.ended <- ending{string(x.Request.Path), x.Reply.Status, sent, err}
}

// hello answers with the request's method and path.
func hello(x *flow.Exchange) {
	text(x, 200, fmt.Sprintf("%s %s", x.Request.Method, x.Request.Path))
}

func text(x *flow.Exchange, status int, body string) {
	x.Reply = flow.Reply{
		Status: status, Age: -1, Extra: x.Reply.Extra,
		Body: flow.Body{Mem: []byte(body), Len: int64(len(body))}, NoBody: string(x.Request.Method) == "HEAD",
	}
}

// world starts a server for h.
func world(t *testing.T, h *scripted, o Options) (*Server, string) {
	t.Helper()
	h.ended = make(chan ending, 1000)
	o.Handler = h
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return serve(t, o)
}

// next returns the next call of Done.
func (h *scripted) next(t *testing.T) ending {
	t.Helper()
	select {
	case e := <-h.ended:
		return e
	case <-time.After(patience):
		t.Fatal("Done was not called")
		panic("unreachable")
	}
}

// once checks that Done was called with these values, and not again.
func (h *scripted) once(t *testing.T, status int, sent int64, fails bool) {
	t.Helper()
	if e := h.next(t); e.status != status || e.sent != sent || (e.err != nil) != fails {
		t.Errorf("Done of %s: status %d, sent %d, %v; want %d, %d, error %t", e.path, e.status, e.sent, e.err, status, sent, fails)
	}
	if len(h.ended) != 0 {
		t.Errorf("Done was called again: %+v", <-h.ended)
	}
}

// A viewer is the client's end of a connection.
type viewer struct {
	t testing.TB
	*net.TCPConn
	in *bufio.Reader
}

func connect(t testing.TB, addr string) *viewer {
	t.Helper()
	nc := dial(t, addr).(*net.TCPConn)
	_ = nc.SetDeadline(time.Now().Add(patience))
	return &viewer{t, nc, bufio.NewReader(nc)}
}

func (v *viewer) send(raw string) {
	v.t.Helper()
	if _, err := io.WriteString(v, raw); err != nil {
		v.t.Fatal(err)
	}
}

// get sends a plain request for path.
func (v *viewer) get(path string) { v.send("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n") }

// reply reads the answer to a request of this method.
func (v *viewer) reply(method string) *http.Response {
	v.t.Helper()
	r, err := http.ReadResponse(v.in, &http.Request{Method: method})
	if err != nil {
		v.t.Fatalf("read reply: %v", err)
	}
	return r
}

// body reads an answer to a GET and returns its body.
func (v *viewer) body(status int) string {
	v.t.Helper()
	r := v.reply("GET")
	b, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != status {
		v.t.Errorf("status %d, body %.80q, %v; want status %d", r.StatusCode, b, err, status)
	}
	return string(b)
}

// gone checks that the server has ended the connection, and nothing more came.
func (v *viewer) gone() {
	v.t.Helper()
	if b, err := io.ReadAll(v.in); err != nil || len(b) > 0 {
		v.t.Errorf("at the end of the connection: %.200q, %v", b, err)
	}
	_ = v.Close()
}

// reset checks that the connection ends in a reset.
func (v *viewer) reset() {
	v.t.Helper()
	if _, err := io.Copy(io.Discard, v.in); !errors.Is(err, syscall.ECONNRESET) {
		v.t.Errorf("at the end of the connection: %v, want a reset", err)
	}
}

// open checks that the connection can be used.
func (v *viewer) open() {
	v.t.Helper()
	v.get("/still-open")
	if b := v.body(200); !strings.HasSuffix(b, "/still-open") {
		v.t.Errorf("body %q", b)
	}
}

// pattern is the byte at an offset of test bodies.
func pattern(off int64) byte { return byte(off*31 + off>>8*7 + off>>16*101) }

func patterned(from, to int64) []byte {
	b := make([]byte, to-from)
	for i := range b {
		b[i] = pattern(from + int64(i))
	}
	return b
}

// heap is a flow.Memory; what comes back is overwritten.
type heap struct{}

func (heap) Chunk(n int) []byte { return make([]byte, n) }
func (heap) Recycle(c []byte)   { clear(c) }

// growing returns a body in growth, with a reader for x.
func growing(x *flow.Exchange, expect int64, keep bool) *flow.Growth {
	o := flow.NewObject("k", heap{}, flow.NewMeta(200, nil, httpcache.Verdict{}))
	g := flow.Grow(o, expect, 1<<40, keep, func() {})
	x.Follow(g.Read(0))
	x.Reply = flow.Reply{Status: 200, Age: -1, Body: flow.Body{Src: x.Reader, Len: expect}}
	return g
}

// feed writes the pattern up to end, in pieces of at most n bytes.
func feed(g *flow.Growth, end int64, n int) {
	for off, _ := g.Filled(); off < end; {
		space := g.Space(nil)
		space = space[:min(int64(len(space)), int64(n), end-off)]
		copy(space, patterned(off, off+int64(len(space))))
		g.Commit(len(space))
		off += int64(len(space))
	}
}

func finish(g *flow.Growth, err error) {
	g.End(0, err, nil)
	g.Close()
}

// same reports where got differs from the pattern, which begins at off.
func same(got []byte, off, end int64) error {
	if want := patterned(off, end); !bytes.Equal(got, want) {
		i := 0
		for i < min(len(got), len(want)) && got[i] == want[i] {
			i++
		}
		return fmt.Errorf("%d bytes, differ from %d on; want %d", len(got), i, len(want))
	}
	return nil
}

// locked is a Writer for logs of several goroutines.
type locked struct {
	mu *sync.Mutex
	b  *strings.Builder
}

func (l locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func logTo(mu *sync.Mutex, b *strings.Builder) *slog.Logger {
	return slog.New(slog.NewTextHandler(locked{mu, b}, nil))
}
