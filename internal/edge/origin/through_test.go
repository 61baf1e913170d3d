package origin

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
)

// given is content that is there at once.
type given struct {
	io.Reader
	length int64
}

func (g given) Length() int64           { return g.length }
func (given) Fault() *flow.ContentFault { return nil }

// A request of another method reaches an origin once: not even on a
// connection that the origin closes as the request comes, whatever the viewer
// says about keys.
func TestThroughIsSentOnce(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var seen []string
	var all sync.WaitGroup
	all.Go(func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer nc.Close()
				in := bufio.NewReader(nc)
				for n := 0; ; n++ {
					r, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					body, _ := io.ReadAll(r.Body)
					mu.Lock()
					seen = append(seen, r.Method+" "+string(body))
					mu.Unlock()
					if r.Method != "GET" {
						return
					}
					_, _ = io.WriteString(nc, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
				}
			})
		}
	})
	c, _ := client(t, Options{})
	t.Cleanup(func() { _ = ln.Close(); c.Close(); all.Wait() })
	st := site(t, plainOrigin("http://"+ln.Addr().String()), nil)
	tests := []struct {
		name, method string
		content      flow.Content
		want         string
	}{
		{name: "no content", method: "POST", want: "POST "},
		{name: "content", method: "PUT", content: given{strings.NewReader("hello"), 5}, want: "PUT hello"},
		{name: "chunks", method: "BREW", content: given{strings.NewReader("hello"), -1}, want: "BREW hello"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			mu.Lock()
			seen = nil
			mu.Unlock()
			if _, _, fault := fetch(t, c, get(t, st, "/a")); fault != nil { // leaves a connection behind
				t.Fatal(fault)
			}
			f := get(t, st, "/a")
			f.Method, f.Content = tt.method, tt.content
			f.Viewer = viewer("Idempotency-Key: 1", "X-Idempotency-Key: 2")
			if answer, fault := c.Fetch(context.Background(), f); fault == nil {
				t.Errorf("answer %+v; want a fault", answer)
			}
			mu.Lock()
			defer mu.Unlock()
			if len(seen) != 2 || seen[1] != tt.want {
				t.Errorf("the origin saw %q; want GET and %q", seen, tt.want)
			}
		})
	}
}

// Nothing but GET and HEAD is signed.
func TestThroughIsNotSigned(t *testing.T) {
	var got http.Header
	var target string
	s := capture(t, &target, &got)
	c, _ := client(t, Options{})
	f := get(t, site(t, signedOrigin(s.URL), credential()), "/a")
	f.Method = "DELETE"
	if _, _, fault := fetch(t, c, f); fault == nil || fault.Status != 405 || target != "" {
		t.Errorf("fault %v, target %q; want 405 and nothing sent", fault, target)
	}
}
