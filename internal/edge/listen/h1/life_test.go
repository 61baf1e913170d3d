package h1

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
)

// TestHeaderTimeout refuses a head that does not end, and lets nothing else
// be hit by the deadline.
func TestHeaderTimeout(t *testing.T) {
	refused := make(chan int, 1)
	h := &scripted{}
	_, addr := world(t, h, Options{HeaderTimeout: 10 * time.Millisecond, Refused: func(status int) { refused <- status }})
	for _, before := range []int{0, 1, 2} {
		v := connect(t, addr)
		for range before {
			v.open()
			h.once(t, 200, int64(len("GET /still-open")), false)
		}
		v.send("GET / HTTP/1.1\r\nHost: a\r\nX-Slow")
		v.body(408)
		v.gone()
		if status := <-refused; status != 408 {
			t.Errorf("Refused(%d)", status)
		}
	}
}

// TestHeaderTimeoutIsForgotten sends a head in two parts, which arms the
// deadline, and lets that pass while the reply is made.
func TestHeaderTimeoutIsForgotten(t *testing.T) {
	for timeout := 20 * time.Millisecond; ; timeout *= 4 {
		h := &scripted{start: func(*flow.Exchange) bool { return false }, finish: func(x *flow.Exchange) {
			<-time.After(timeout + time.Millisecond)
			hello(x)
		}}
		_, addr := world(t, h, Options{HeaderTimeout: timeout})
		v := connect(t, addr)
		v.send("GET /1 HTTP/1.1\r\n")
		v.send("Host: a\r\n\r\n")
		if r := v.reply("GET"); r.StatusCode == 408 && timeout < patience {
			continue // this machine is slow; give it more
		} else if b, err := io.ReadAll(r.Body); string(b) != "GET /1" || err != nil {
			t.Errorf("first reply %q, %v", b, err)
		}
		v.open()
		return
	}
}

// TestTimeoutAfterIdling refuses with 408 although the write deadline of the
// reply before has long passed.
func TestTimeoutAfterIdling(t *testing.T) {
	t.Parallel()
	h := &scripted{}
	_, addr := world(t, h, Options{HeaderTimeout: 1500 * time.Millisecond, WriteTimeout: time.Second})
	v := connect(t, addr)
	v.open()
	v.send("GET / HTTP/1.1\r\n")
	v.body(408)
	v.gone()
}

func TestIdleTimeout(t *testing.T) {
	refused := make(chan int, 1)
	h := &scripted{}
	_, addr := world(t, h, Options{IdleTimeout: 10 * time.Millisecond, Refused: func(status int) { refused <- status }})
	fresh := connect(t, addr)
	fresh.gone()
	used := connect(t, addr)
	if _, err := io.WriteString(used, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); err == nil {
		// A reply, unless this machine was too slow to ask; then the end.
		_, _ = io.Copy(io.Discard, used.in)
	}
	if len(refused) > 0 {
		t.Errorf("Refused(%d): an idle connection is closed without a word", <-refused)
	}
}

// TestIdleTimeoutIsForgotten lets the deadline of the wait pass while the
// reply is made, and then wants the connection to wait anew.
func TestIdleTimeoutIsForgotten(t *testing.T) {
	for timeout := 20 * time.Millisecond; ; timeout *= 4 {
		h := &scripted{}
		h.start = func(x *flow.Exchange) bool {
			hello(x)
			return string(x.Request.Path) != "/slow"
		}
		h.finish = func(x *flow.Exchange) {
			<-time.After(2 * timeout)
			hello(x)
		}
		_, addr := world(t, h, Options{IdleTimeout: timeout})
		v := connect(t, addr)
		_, _ = io.WriteString(v, "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
		first, err1 := io.ReadAll(io.LimitReader(v.in, 1))
		_, _ = v.in.Discard(v.in.Buffered())
		_, err2 := io.WriteString(v, "GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
		second, err3 := io.ReadAll(io.LimitReader(v.in, 1))
		if len(first) == 1 && len(second) == 1 {
			return
		}
		if timeout > 5*time.Second {
			t.Fatalf("replies %q %q, %v, %v, %v", first, second, err1, err2, err3)
		}
	}
}

// TestWriteTimeout resets a viewer who takes nothing, and tells what was sent.
func TestWriteTimeout(t *testing.T) {
	const size = 64 << 20
	for _, src := range []bool{false, true} {
		o, mem := complete(size), make([]byte, size)
		h := &scripted{start: func(x *flow.Exchange) bool {
			x.Reply = flow.Reply{Status: 200, Age: -1, Body: flow.Body{Mem: mem, Len: size}}
			if src {
				x.Find(o)
				x.Reply.Body = flow.Body{Src: o, Len: size}
			}
			return true
		}}
		_, addr := world(t, h, Options{WriteTimeout: 200 * time.Millisecond})
		v := connect(t, addr)
		v.get("/")
		if e := h.next(t); !errors.Is(e.err, os.ErrDeadlineExceeded) || e.sent <= 0 || e.sent >= size {
			t.Errorf("Done: %+v", e)
		}
		v.reset()
	}
}

func TestMaxPerAddress(t *testing.T) {
	h := &scripted{}
	s, addr := world(t, h, Options{MaxPerAddress: 2})
	first, second := connect(t, addr), connect(t, addr)
	first.open()
	second.open()
	third := connect(t, addr)
	if b, err := io.ReadAll(third.in); len(b) > 0 || err != nil && !strings.Contains(err.Error(), "reset") {
		t.Errorf("third connection: %q, %v", b, err)
	}
	if n := s.Connections(); n != 2 {
		t.Errorf("Connections = %d, want 2", n)
	}
	first.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	first.body(200)
	first.gone()
	_ = first.Close()
	for s.Connections() == 2 {
		runtime.Gosched() // the server sees the end on its own goroutine
	}
	connect(t, addr).open()
	second.open()
}

// shutdown runs Shutdown with time enough.
func shutdown(t *testing.T, s *Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if n := s.Connections(); n != 0 {
		t.Errorf("%d connections after Shutdown", n)
	}
}

// TestDrain closes what is idle, and ends what runs without a cut.
func TestDrain(t *testing.T) {
	begun, gate := make(chan *flow.Growth), make(chan struct{})
	h := &scripted{start: func(x *flow.Exchange) bool {
		if strings.HasPrefix(string(x.Request.Path), "/still") {
			hello(x)
			return true
		}
		return false
	}}
	h.finish = func(x *flow.Exchange) {
		if string(x.Request.Path) == "/waits" {
			begun <- nil
			<-gate
			hello(x)
			return
		}
		begun <- growing(x, 2<<20, true)
	}
	s, addr := world(t, h, Options{})
	idle, sending, waiting := connect(t, addr), connect(t, addr), connect(t, addr)
	idle.open()
	sending.get("/sends")
	g := <-begun
	r := sending.reply("GET") // the head is sent, the body does not exist
	waiting.get("/waits")
	<-begun

	ended := make(chan struct{})
	go func() {
		defer close(ended)
		shutdown(t, s)
	}()
	idle.gone()
	close(gate)
	feed(g, 2<<20, 100_000)
	finish(g, nil)
	if b, err := io.ReadAll(r.Body); err != nil || same(b, 0, 2<<20) != nil {
		t.Errorf("running transfer: %d bytes, %v", len(b), err)
	}
	sending.gone()
	late := waiting.reply("GET")
	if b, err := io.ReadAll(late.Body); err != nil || string(b) != "GET /waits" || !late.Close {
		t.Errorf("request that waited: %q, %v, close %t", b, err, late.Close)
	}
	waiting.gone()
	<-ended
}

// TestDrainAnswersWhatArrived loses no request that was sent before the drain
// began: on connections that nobody has accepted yet, on new ones and on idle
// ones.
func TestDrainAnswersWhatArrived(t *testing.T) {
	h := &scripted{}
	s, addr := world(t, h, Options{})
	var viewers []*viewer
	for range 20 {
		v := connect(t, addr)
		v.open()
		viewers = append(viewers, v)
	}
	for len(h.ended) > 0 {
		<-h.ended
	}
	s.mu.Lock() // nobody is accepted
	for range 20 {
		viewers = append(viewers, connect(t, addr))
	}
	for _, v := range viewers {
		v.get("/")
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		shutdown(t, s)
	}()
	s.mu.Unlock()
	for i, v := range viewers {
		r := v.reply("GET")
		if b, err := io.ReadAll(r.Body); err != nil || string(b) != "GET /" {
			t.Errorf("viewer %d: %q, %v", i, b, err)
		}
		v.gone()
	}
	<-ended
}

// TestDrainLetsHeadsEnd answers a request of which a part had been read.
func TestDrainLetsHeadsEnd(t *testing.T) {
	h := &scripted{}
	s, addr := world(t, h, Options{})
	v := connect(t, addr)
	v.open()
	h.next(t)
	v.send("GET / HTTP/1.1\r\n")
	for v.state(s) != stateActive {
		runtime.Gosched() // until the part is read
	}
	// The end of a wait may hit a head that has just begun.
	s.mu.Lock()
	s.draining.Store(true)
	for c := range s.open {
		_ = c.nc.SetReadDeadline(time.Now())
	}
	s.mu.Unlock()
	v.send("Host: a\r\n\r\n")
	if r := v.reply("GET"); r.StatusCode != 200 || !r.Close {
		t.Errorf("status %d, close %t", r.StatusCode, r.Close)
	}
	shutdown(t, s)
}

// state returns the state of the server's only connection.
func (v *viewer) state(s *Server) int32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.open {
		return c.state.Load()
	}
	return -1
}

// TestDrainCuts ends transfers when the time is over, so that none looks
// whole.
func TestDrainCuts(t *testing.T) {
	for _, version := range []string{"1.0", "1.1"} {
		for _, grows := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, grows %t", version, grows), func(t *testing.T) {
				const size = 64 << 20
				h := &scripted{start: func(*flow.Exchange) bool { return false }}
				growth := make(chan *flow.Growth, 1)
				h.finish = func(x *flow.Exchange) {
					if grows {
						g := growing(x, -1, true)
						feed(g, 1000, 1000)
						growth <- g
						return
					}
					x.Reply = flow.Reply{Status: 200, Age: -1, Body: flow.Body{Mem: make([]byte, size), Len: size}}
				}
				s, addr := world(t, h, Options{})
				v := connect(t, addr)
				v.send("GET / HTTP/" + version + "\r\nHost: a\r\n\r\n")
				r := v.reply("GET")
				ctx, cancel := context.WithCancel(context.Background())
				cancel()
				var wg sync.WaitGroup
				for range 2 { // as when a signal comes twice
					wg.Go(func() {
						if err := s.Shutdown(ctx); err != nil && !errors.Is(err, context.Canceled) {
							t.Errorf("Shutdown: %v", err)
						}
					})
				}
				if _, err := io.ReadAll(r.Body); err == nil {
					t.Error("a transfer that was cut looks whole")
				}
				wg.Wait()
				if e := h.next(t); e.err == nil || e.sent >= size {
					t.Errorf("Done: %+v", e)
				}
				if len(h.ended) > 0 {
					t.Error("Done was called again")
				}
				if grows {
					finish(<-growth, errBroken)
				}
			})
		}
	}
}

// TestServeAfterShutdown takes no connection and closes the listener.
func TestServeAfterShutdown(t *testing.T) {
	s, _ := world(t, &scripted{}, Options{})
	shutdown(t, s)
	ln, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(ln); err != nil {
		t.Errorf("Serve: %v", err)
	}
	if _, err := ln.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept: %v; want a closed listener", err)
	}
}

// breaks is a Source that panics.
type breaks struct{}

func (breaks) Next(int64, int, func()) ([]byte, bool, error) { panic("bug: of the test") }
func (breaks) Sent(int64)                                    {}

// TestPanic ends the one connection, with what it pinned given back.
func TestPanic(t *testing.T) {
	var log strings.Builder
	var mu sync.Mutex
	h := &scripted{}
	h.start = func(x *flow.Exchange) bool {
		switch string(x.Request.Path) {
		case "/start":
			panic("bug: of the test")
		case "/finish":
			return false
		case "/body":
			x.Reply = flow.Reply{Status: 200, Age: -1, Body: flow.Body{Src: breaks{}, Len: -1}}
		default:
			hello(x)
		}
		return true
	}
	h.finish = func(x *flow.Exchange) { panic("bug: of the test") }
	_, addr := world(t, h, Options{Log: logTo(&mu, &log)})
	other := connect(t, addr)
	other.open()
	h.next(t)
	for _, tt := range []struct {
		path   string
		status int
	}{{"/start", 500}, {"/finish", 500}, {"/body", 200}} {
		v := connect(t, addr)
		v.send("GET " + tt.path + " HTTP/1.0\r\nHost: a\r\n\r\n")
		v.reset()
		h.once(t, tt.status, 0, true)
		other.open()
		h.next(t)
	}
	mu.Lock()
	defer mu.Unlock()
	if n := strings.Count(log.String(), "panic in a connection"); n != 3 || !strings.Contains(log.String(), "bug: of the test") {
		t.Errorf("log tells of %d panics:\n%s", n, log.String())
	}
}
