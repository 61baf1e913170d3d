package h1

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
)

// reader is a handler that reads the content of requests, on another
// goroutine as an origin does, and answers with it or with what is wrong.
func reader(piece int) *scripted {
	return &scripted{
		start: func(x *flow.Exchange) bool { return x.Content == nil && func() bool { hello(x); return true }() },
		finish: func(x *flow.Exchange) {
			type outcome struct {
				got []byte
				err error
			}
			done := make(chan outcome)
			go func() {
				var o outcome
				buf := make([]byte, piece)
				for o.err == nil {
					var n int
					n, o.err = x.Content.Read(buf)
					o.got = append(o.got, buf[:n]...)
				}
				done <- o
			}()
			o := <-done
			var fault *flow.ContentFault
			switch {
			case o.err == io.EOF:
				text(x, 200, string(o.got))
			case errors.As(o.err, &fault) && fault == x.Content.Fault():
				text(x, fault.Status, fault.Reason)
			default:
				text(x, 500, o.err.Error())
			}
		},
	}
}

// What follows the head is the content and nothing else: it arrives whole or
// not at all, and only what follows a whole one is a request.
func TestContent(t *testing.T) {
	const (
		length = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: "
		coded  = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
	)
	big := strings.Repeat("0123456789abcdef", 4<<10)
	tests := []struct {
		name   string
		raw    string
		status int
		body   string // of a 200
		keep   bool
	}{
		{name: "length", raw: length + "5\r\n\r\nhello", status: 200, body: "hello", keep: true},
		{name: "chunked", raw: coded + "5\r\nhello\r\n1;x=y\r\n!\r\n0\r\nX: y\r\n\r\n", status: 200, body: "hello!", keep: true},
		{name: "chunked and empty", raw: coded + "0\r\n\r\n", status: 200, keep: true},
		{name: "large", raw: length + "65536\r\n\r\n" + big, status: 200, body: big, keep: true},
		{name: "large and chunked", raw: coded + "10000\r\n" + big + "\r\n0\r\n\r\n", status: 200, body: big, keep: true},
		{name: "what looks like a request", raw: length + "37\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: evil\r\n\r\n", status: 200, body: "GET /smuggled HTTP/1.1\r\nHost: evil\r\n\r", keep: false},
		{name: "limit", raw: length + "100000\r\n\r\n" + strings.Repeat("x", 100_000), status: 200, body: strings.Repeat("x", 100_000), keep: true},
		{name: "above the limit", raw: length + "100001\r\n\r\n", status: 413},
		{name: "chunks above the limit", raw: coded + strings.Repeat("1000\r\n"+strings.Repeat("x", 4096)+"\r\n", 25), status: 413},
		{name: "no size", raw: coded + "\r\n", status: 400},
		{name: "prefixed size", raw: coded + "0x5\r\nhello\r\n0\r\n\r\n", status: 400},
		{name: "signed size", raw: coded + "+5\r\nhello\r\n0\r\n\r\n", status: 400},
		{name: "blank behind size", raw: coded + "5 \r\nhello\r\n0\r\n\r\n", status: 400},
		{name: "overflowing size", raw: coded + "ffffffffffffffff\r\n", status: 400},
		{name: "17 digits", raw: coded + "00000000000000005\r\nhello\r\n0\r\n\r\n", status: 400},
		{name: "bare LF behind size", raw: coded + "5\nhello\r\n0\r\n\r\n", status: 400},
		{name: "bare LF in extension", raw: coded + "5;x\nhello\r\n0\r\n\r\n", status: 400},
		{name: "no CRLF behind data", raw: coded + "5\r\nhello!0\r\n\r\n", status: 400},
		{name: "long extension", raw: coded + "5;" + strings.Repeat("x", 257) + "\r\nhello\r\n0\r\n\r\n", status: 400},
		{name: "framing trailer", raw: coded + "0\r\nTransfer-Encoding: chunked\r\n\r\n", status: 400},
		{name: "malformed trailer", raw: coded + "0\r\nX : y\r\n\r\n", status: 400},
		{name: "long trailers", raw: coded + "0\r\nX: " + strings.Repeat("y", 8<<10) + "\r\n\r\n", status: 400},
	}
	for _, tt := range tests {
		for _, piece := range []int{1, 1000, 64 << 10} {
			t.Run(fmt.Sprint(tt.name, " by ", piece), func(t *testing.T) {
				h := reader(piece)
				_, addr := world(t, h, Options{MaxContent: 100_000})
				v := connect(t, addr)
				go func() { _, _ = io.WriteString(v, tt.raw+"GET /next HTTP/1.1\r\nHost: a\r\n\r\n") }()
				r := v.reply("POST")
				b, err := io.ReadAll(r.Body)
				if err != nil || r.StatusCode != tt.status || tt.status == 200 && string(b) != tt.body {
					t.Errorf("status %d, body of %d bytes %.80q, %v; want %d and %d bytes", r.StatusCode, len(b), b, err, tt.status, len(tt.body))
				}
				switch {
				case tt.keep:
					if b := v.body(200); b != "GET /next" {
						t.Errorf("next request: %q", b)
					}
				case tt.status == 200: // the rest of it is read as a request, and is none
					if r := v.reply("GET"); r.StatusCode != 400 {
						t.Errorf("what follows: status %d; want 400", r.StatusCode)
					}
				default:
					if !r.Close {
						t.Error("the reply does not say that the connection ends")
					}
					v.gone()
				}
			})
		}
	}
}

// However the bytes arrive, they are the same content, and the request behind
// it is found.
func TestContentInPieces(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	h := reader(700)
	_, addr := world(t, h, Options{})
	v := connect(t, addr)
	_ = v.SetNoDelay(true)
	for range 50 {
		body := string(patterned(0, int64(1+random.IntN(20_000))))
		raw := "PUT / HTTP/1.1\r\nHost: a\r\n"
		if random.IntN(2) == 0 {
			raw += fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
		} else {
			raw += "Transfer-Encoding: chunked\r\n\r\n"
			for rest := body; rest != ""; {
				n := 1 + random.IntN(len(rest))
				raw += fmt.Sprintf("%x\r\n%s\r\n", n, rest[:n])
				rest = rest[n:]
			}
			raw += "0\r\n\r\n"
		}
		raw += "GET /next HTTP/1.1\r\nHost: a\r\n\r\n"
		go func() {
			for raw != "" {
				n := min(1+random.IntN(3000), len(raw))
				_, _ = io.WriteString(v, raw[:n])
				raw = raw[n:]
			}
		}()
		if got := v.body(200); got != body {
			t.Fatalf("content of %d bytes arrived as %d", len(body), len(got))
		}
		if got := v.body(200); got != "GET /next" {
			t.Fatalf("next request: %q", got)
		}
	}
}

func TestSlowContent(t *testing.T) {
	h := reader(100)
	_, addr := world(t, h, Options{ContentTimeout: 20 * time.Millisecond})
	v := connect(t, addr)
	v.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhell")
	if r := v.reply("POST"); r.StatusCode != 408 || !r.Close {
		t.Errorf("status %d, close %v; want 408 and the end", r.StatusCode, r.Close)
	}
	h.once(t, 408, int64(len(faultSlow.Reason)), false)
}

func TestViewerLeavesContent(t *testing.T) {
	h := reader(100)
	_, addr := world(t, h, Options{})
	v := connect(t, addr)
	v.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel")
	_ = v.CloseWrite()
	if r := v.reply("POST"); r.StatusCode != 499 {
		t.Errorf("status %d; want that nothing was taken for whole", r.StatusCode)
	}
}

// 100 is sent when the content is wanted, and never where it is not.
func TestContinue(t *testing.T) {
	const head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
	t.Run("wanted", func(t *testing.T) {
		_, addr := world(t, reader(100), Options{})
		v := connect(t, addr)
		v.send(head)
		line := make([]byte, len(continueReply))
		if _, err := io.ReadFull(v.in, line); err != nil || string(line) != string(continueReply) {
			t.Fatalf("read %q, %v; want 100", line, err)
		}
		v.send("hello")
		if b := v.body(200); b != "hello" {
			t.Errorf("body %q", b)
		}
		v.open()
	})
	t.Run("sent unasked", func(t *testing.T) {
		_, addr := world(t, reader(100), Options{})
		v := connect(t, addr)
		v.send(head + "hello")
		if b := v.body(200); b != "hello" {
			t.Errorf("body %q", b)
		}
		v.open()
	})
	t.Run("refused", func(t *testing.T) {
		h := &scripted{start: func(x *flow.Exchange) bool { text(x, 405, "no"); return true }}
		_, addr := world(t, h, Options{})
		v := connect(t, addr)
		v.send(head)
		if r := v.reply("POST"); r.StatusCode != 405 || !r.Close {
			t.Errorf("status %d, close %v; want 405 and the end", r.StatusCode, r.Close)
		}
	})
	t.Run("too long", func(t *testing.T) {
		_, addr := world(t, reader(100), Options{MaxContent: 4})
		v := connect(t, addr)
		v.send(head)
		if r := v.reply("POST"); r.StatusCode != 413 {
			t.Errorf("status %d; want 413", r.StatusCode)
		}
	})
}

// A reply may come before all of the content. Whoever reads it then gets no
// byte of anything else.
func TestReplyBeforeContent(t *testing.T) {
	stuck := make(chan error, 1)
	h := &scripted{
		start: func(*flow.Exchange) bool { return false },
		finish: func(x *flow.Exchange) {
			content := x.Content
			begun := make(chan struct{})
			go func() {
				buf := make([]byte, 100)
				_, err := content.Read(buf)
				close(begun)
				for err == nil {
					_, err = content.Read(buf)
				}
				stuck <- err
			}()
			<-begun
			text(x, 403, "no")
		},
	}
	_, addr := world(t, h, Options{})
	v := connect(t, addr)
	v.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nhello")
	if r := v.reply("POST"); r.StatusCode != 403 || !r.Close {
		t.Errorf("status %d, close %v; want 403 and the end", r.StatusCode, r.Close)
	} else if _, err := io.ReadAll(r.Body); err != nil {
		t.Error(err)
	}
	select {
	case err := <-stuck:
		if err != errClosed {
			t.Errorf("Read after the reply: %v; want %v", err, errClosed)
		}
	case <-time.After(patience):
		t.Fatal("Read goes on after the reply")
	}
	v.gone()
}

// Interim responses go out at once, in order, before the reply; not to
// HTTP/1.0, which knows none.
func TestInterim(t *testing.T) {
	gate := make(chan struct{})
	h := &scripted{
		start: func(*flow.Exchange) bool { return false },
		finish: func(x *flow.Exchange) {
			x.Interim(103, httpmsg.Fields{{Name: []byte("Link"), Value: []byte("</a.css>")}})
			x.Interim(102, nil)
			<-gate
			hello(x)
		},
	}
	_, addr := world(t, h, Options{})
	v := connect(t, addr)
	v.get("/a")
	const want = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
	got := make([]byte, len(want))
	if _, err := io.ReadFull(v.in, got); err != nil || string(got) != want {
		t.Fatalf("read %q, %v; want %q", got, err, want)
	}
	close(gate)
	if b := v.body(200); b != "GET /a" {
		t.Errorf("body %q", b)
	}
	v = connect(t, addr)
	v.send("GET /a HTTP/1.0\r\n\r\n")
	if r := v.reply("GET"); r.StatusCode != 200 {
		t.Errorf("first status on HTTP/1.0: %d; want 200", r.StatusCode)
	}
}
