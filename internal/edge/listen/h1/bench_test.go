package h1

import (
	"bytes"
	"context"
	"net"
	"testing"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
)

// fixed answers every request with the same body from memory.
type fixed struct {
	block flow.Block
	body  []byte
}

func (h *fixed) Start(x *flow.Exchange) bool {
	x.Result = flow.ResultHit
	x.Status.Hit, x.Status.HasTTL, x.Status.TTL = true, true, 60
	x.Reply = flow.Reply{
		Status: 200, Age: 7, Block: &h.block, Extra: x.Reply.Extra,
		Body: flow.Body{Mem: h.body, Len: int64(len(h.body))},
	}
	return true
}
func (h *fixed) Finish(*flow.Exchange)             {}
func (h *fixed) Done(*flow.Exchange, int64, error) {}

// BenchmarkSmallHit is the way of a 1 KiB reply through a socket pair, the
// client's half included.
func BenchmarkSmallHit(b *testing.B) { benchmark(b, 1<<10) }

// BenchmarkLargeHit is the same with a body that needs several writes.
func BenchmarkLargeHit(b *testing.B) { benchmark(b, 1<<20) }

func benchmark(b *testing.B, size int) {
	h := &fixed{
		block: flow.Block{H1: []byte("Content-Type: text/plain\r\nETag: \"abc\"\r\nServer: Cistern\r\n")},
		body:  make([]byte, size),
	}
	_, addr := serve(b, Options{Handler: h})
	nc := dial(b, addr)
	request := []byte("GET /a/b.txt HTTP/1.1\r\nHost: cdn.example.com\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n")
	buf := make([]byte, 64<<10)
	length := 0
	roundTrip := func() {
		if _, err := nc.Write(request); err != nil {
			b.Fatal(err)
		}
		for n := 0; ; {
			m, err := nc.Read(buf)
			if err != nil {
				b.Fatal(err)
			}
			if length == 0 {
				if i := bytes.Index(buf[:m], []byte("\r\n\r\n")); i >= 0 {
					length = i + 4 + size
				}
			}
			if n += m; n == length {
				return
			}
		}
	}
	roundTrip()
	b.ReportAllocs()
	b.SetBytes(int64(size))
	for b.Loop() {
		roundTrip()
	}
}

// serve starts a server on loopback that ends with the test.
func serve(t testing.TB, o Options) (*Server, string) {
	t.Helper()
	ln, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	s := New(o)
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return s, ln.Addr().String()
}

func dial(t testing.TB, addr string) net.Conn {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	return nc
}
