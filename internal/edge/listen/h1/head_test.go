package h1

import (
	"io"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
)

// TestHeads sends one of each class of request heads, and a second request
// behind it, which must be answered only where the connection stays open.
func TestHeads(t *testing.T) {
	const host = "Host: a\r\n"
	tests := []struct {
		name   string
		raw    string
		status int
		keep   bool
	}{
		{"plain", "GET / HTTP/1.1\r\n" + host + "\r\n", 200, true},
		{"length and coding", "POST / HTTP/1.1\r\n" + host + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400, false},
		{"unknown coding", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip\r\n\r\n", 400, false},
		{"chunked twice", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked, chunked\r\n\r\n", 400, false},
		{"coding repeated", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400, false},
		{"coding on 1.0", "POST / HTTP/1.0\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n", 400, false},
		{"differing lengths", "POST / HTTP/1.1\r\n" + host + "Content-Length: 3\r\nContent-Length: 4\r\n\r\n", 400, false},
		{"equal lengths", "POST / HTTP/1.1\r\n" + host + "Content-Length: 3\r\nContent-Length: 3\r\n\r\n", 400, false},
		{"signed length", "POST / HTTP/1.1\r\n" + host + "Content-Length: +3\r\n\r\n", 400, false},
		{"overflowing length", "POST / HTTP/1.1\r\n" + host + "Content-Length: 99999999999999999999\r\n\r\n", 400, false},
		{"empty length", "POST / HTTP/1.1\r\n" + host + "Content-Length:\r\n\r\n", 400, false},
		{"length of zero", "POST / HTTP/1.1\r\n" + host + "Content-Length: 0\r\n\r\n", 200, true},
		{"blank before colon", "GET / HTTP/1.1\r\n" + host + "X : y\r\n\r\n", 400, false},
		{"no colon", "GET / HTTP/1.1\r\n" + host + "X\r\n\r\n", 400, false},
		{"folded", "GET / HTTP/1.1\r\n" + host + "X: y\r\n z\r\n\r\n", 400, false},
		{"bare CR", "GET / HTTP/1.1\r\n" + host + "X: y\rz\r\n\r\n", 400, false},
		{"NUL", "GET / HTTP/1.1\r\n" + host + "X: y\x00z\r\n\r\n", 400, false},
		{"tab", "GET / HTTP/1.1\r\n" + host + "X: y\tz\r\n\r\n", 200, true},
		{"bare LF in request line", "GET / HTTP/1.1\n" + host + "\r\n", 400, false},
		{"bare LF in a field", "GET / HTTP/1.1\r\nHost: a\n\r\n", 400, false},
		{"no Host", "GET / HTTP/1.1\r\n\r\n", 400, false},
		{"no Host on 1.0", "GET / HTTP/1.0\r\n\r\n", 200, false},
		{"two Hosts", "GET / HTTP/1.1\r\n" + host + host + "\r\n", 400, false},
		{"empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400, false},
		{"invalid Host", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400, false},
		{"absolute form", "GET http://A:80/ HTTP/1.1\r\n" + host + "\r\n", 200, true},
		{"absolute form of another host", "GET http://b/ HTTP/1.1\r\n" + host + "\r\n", 400, false},
		{"other scheme", "GET ftp://a/ HTTP/1.1\r\n" + host + "\r\n", 400, false},
		{"user info", "GET http://u@a/ HTTP/1.1\r\n" + host + "\r\n", 400, false},
		{"fragment", "GET /#f HTTP/1.1\r\n" + host + "\r\n", 400, false},
		{"raw byte in target", "GET /\xc3\xa9 HTTP/1.1\r\n" + host + "\r\n", 400, false},
		{"blank in target", "GET /a b HTTP/1.1\r\n" + host + "\r\n", 400, false},
		{"forbidden byte that browsers send", "GET /?a={b|c} HTTP/1.1\r\n" + host + "\r\n", 200, true},
		{"authority form", "GET a:80 HTTP/1.1\r\n" + host + "\r\n", 400, false},
		{"asterisk form", "GET * HTTP/1.1\r\n" + host + "\r\n", 400, false},
		{"method not a token", "G@T / HTTP/1.1\r\n" + host + "\r\n", 400, false},
		{"HTTP/0.9", "GET /\r\n" + host + "\r\n", 400, false},
		{"HTTP/2.0", "GET / HTTP/2.0\r\n" + host + "\r\n", 505, false},
		{"preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, false},
		{"malformed version", "GET / HTTP/1,1\r\n" + host + "\r\n", 400, false},
		{"an empty line first", "\r\nGET / HTTP/1.1\r\n" + host + "\r\n", 200, true},
		{"two empty lines first", "\r\n\r\nGET / HTTP/1.1\r\n" + host + "\r\n", 400, false},
		{"body on GET", "GET / HTTP/1.1\r\n" + host + "Content-Length: 3\r\n\r\nabc", 400, false},
		{"chunks on HEAD", "HEAD / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, false},
		{"upgrade", "GET / HTTP/1.1\r\n" + host + "Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n", 200, true},
		{"Expect of another thing", "GET / HTTP/1.1\r\n" + host + "Expect: x\r\n\r\n", 417, false},
		{"Expect 100-continue without body", "GET / HTTP/1.1\r\n" + host + "Expect: 100-continue\r\n\r\n", 200, true},
		{"CONNECT", "CONNECT a:80 HTTP/1.1\r\n" + host + "\r\n", 200, false},
		{"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, false},
		{"long request line", "GET /" + strings.Repeat("a", 8<<10) + " HTTP/1.1\r\n" + host + "\r\n", 414, false},
		{"long field line", "GET / HTTP/1.1\r\n" + host + "X: " + strings.Repeat("a", 8<<10) + "\r\n\r\n", 431, false},
		{"long fields", "GET / HTTP/1.1\r\n" + host + strings.Repeat("X: "+strings.Repeat("a", 8000)+"\r\n", 5) + "\r\n", 431, false},
		{"many fields", "GET / HTTP/1.1\r\n" + host + strings.Repeat("X: y\r\n", 100) + "\r\n", 431, false},
		{"as much as is allowed", "GET /" + strings.Repeat("a", 8000) + " HTTP/1.1\r\n" + host + strings.Repeat("X: "+strings.Repeat("a", 8000)+"\r\n", 4) + "\r\n", 200, true},
	}
	var mu sync.Mutex
	var refused []int
	h := &scripted{}
	_, addr := world(t, h, Options{Refused: func(status int) {
		mu.Lock()
		defer mu.Unlock()
		refused = append(refused, status)
	}})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := connect(t, addr)
			mu.Lock()
			refused = nil
			mu.Unlock()
			_, _ = io.WriteString(v, tt.raw+"GET /second HTTP/1.1\r\nHost: a\r\n\r\n")
			r := v.reply("GET")
			body, err := io.ReadAll(r.Body)
			if r.StatusCode != tt.status || err != nil || r.Close == tt.keep {
				t.Errorf("status %d, close %t, body %q, %v; want %d, %t", r.StatusCode, r.Close, body, err, tt.status, !tt.keep)
			}
			if tt.status == 200 {
				h.next(t)
			}
			if tt.keep {
				if b := v.body(200); b != "GET /second" {
					t.Errorf("second request: %q", b)
				}
				h.next(t)
				v.open()
				h.next(t)
			} else {
				v.gone()
			}
			if len(h.ended) != 0 {
				t.Errorf("handler was asked for %+v", <-h.ended)
			}
			mu.Lock()
			defer mu.Unlock()
			if (len(refused) == 1 && refused[0] == tt.status) != (tt.status != 200) || len(refused) > 1 {
				t.Errorf("Refused with %v", refused)
			}
			if tt.status != 200 && (len(body) == 0 || r.Header.Get("Content-Type") != "text/plain; charset=utf-8" ||
				r.Header.Get("Cache-Control") != "no-store" || r.Header.Get("Date") == "") {
				t.Errorf("refusal %v %q", r.Header, body)
			}
		})
	}
}

// echo answers with what it understood of a request.
func echo(x *flow.Exchange) bool {
	var b strings.Builder
	b.Write(x.Request.Target)
	for _, f := range x.Request.Fields {
		b.WriteString("|" + string(f.Name) + "=" + string(f.Value))
	}
	text(x, 200, b.String())
	return true
}

// TestHeadsAcrossReads sends heads of all lengths in pieces of all sizes, so
// that they move in the buffer, and out of it.
func TestHeadsAcrossReads(t *testing.T) {
	h := &scripted{start: echo}
	_, addr := world(t, h, Options{})
	var raw strings.Builder
	var want []string
	for i, n := range []int{0, 1000, 4000, 5000, 10, 16000, 3, 30000, 4070, 4090, 0, 0, 700, 20000, 1} {
		target := "/" + strconv.Itoa(i)
		raw.WriteString("GET " + target + " HTTP/1.1\r\nHost: a\r\n")
		w := target + "|Host=a"
		for ; n > 0; n -= 7000 {
			value := strings.Repeat(string(rune('a'+i)), min(n, 7000))
			raw.WriteString("X: " + value + "\r\n")
			w += "|X=" + value
		}
		raw.WriteString("\r\n")
		want = append(want, w)
	}
	for _, piece := range []int{1, 97, 1500, 4096, 1 << 20} {
		v := connect(t, addr)
		go func() {
			for all := raw.String(); len(all) > 0; {
				n := min(piece, len(all))
				if _, err := io.WriteString(v, all[:n]); err != nil {
					return // the reader's error tells
				}
				all = all[n:]
			}
		}()
		for i := range want {
			if b := v.body(200); b != want[i] {
				t.Fatalf("pieces of %d, request %d: got %.60q… (%d bytes), want %.60q… (%d)", piece, i, b, len(b), want[i], len(want[i]))
			}
		}
	}
}

// TestConnectionField is the end or the life of a connection after a reply.
func TestConnectionField(t *testing.T) {
	tests := []struct {
		name    string
		version string
		field   string // "Connection: …\r\n"
		close   bool   // the handler wants it closed
		want    string // value of Connection in the reply
		keep    bool
	}{
		{"1.1", "1.1", "", false, "", true},
		{"1.1 keep-alive", "1.1", "Connection: keep-alive\r\n", false, "", true},
		{"1.1 close", "1.1", "Connection: close\r\n", false, "close", false},
		{"1.1 close among others", "1.1", "Connection: x, Close\r\n", false, "close", false},
		{"1.1 closed by the handler", "1.1", "", true, "close", false},
		{"1.0", "1.0", "", false, "close", false},
		{"1.0 keep-alive", "1.0", "Connection: keep-alive\r\n", false, "keep-alive", true},
		{"1.0 keep-alive, closed by the handler", "1.0", "Connection: keep-alive\r\n", true, "close", false},
		{"1.0 both", "1.0", "Connection: close, keep-alive\r\n", false, "close", false},
	}
	h := &scripted{start: func(x *flow.Exchange) bool {
		hello(x)
		x.Reply.Close = string(x.Request.Path) == "/close"
		return true
	}}
	_, addr := world(t, h, Options{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := connect(t, addr)
			path := map[bool]string{true: "/close", false: "/keep"}[tt.close]
			v.send("GET " + path + " HTTP/" + tt.version + "\r\nHost: a\r\n" + tt.field + "\r\n")
			r := v.reply("GET")
			if got := r.Header.Get("Connection"); got != tt.want && (got != "" || !r.Close || tt.want != "close") {
				t.Errorf("Connection: %q, want %q", got, tt.want)
			}
			if b, err := io.ReadAll(r.Body); err != nil || string(b) != "GET "+path {
				t.Errorf("body %q, %v", b, err)
			}
			h.once(t, 200, int64(len("GET "+path)), false)
			if !tt.keep {
				v.gone()
				return
			}
			v.open()
			h.next(t)
		})
	}
}

// TestReplyHead is the whole text of a reply.
func TestReplyHead(t *testing.T) {
	block := &flow.Block{H1: []byte("ETag: \"1\"\r\nContent-Type: text/css\r\n"), N304: len("ETag: \"1\"\r\n")}
	tests := []struct {
		name  string
		set   func(x *flow.Exchange)
		lines []string
	}{
		{"hit", func(x *flow.Exchange) {
			x.Result, x.Status.Hit, x.Status.HasTTL, x.Status.TTL = flow.ResultHit, true, true, 60
			x.Reply = flow.Reply{Status: 200, Block: block, Age: 5, Body: flow.Body{Mem: []byte("hi"), Len: 2}}
		}, []string{"HTTP/1.1 200 OK", `ETag: "1"`, "Content-Type: text/css", "Age: 5", "Cache-Status: cistern; hit; ttl=60", "X-Cache: HIT",
			"Content-Length: 2", "", "hi"}},
		{"304", func(x *flow.Exchange) {
			x.Result, x.Status.Fwd = flow.ResultMiss, "uri-miss"
			x.Reply = flow.Reply{Status: 304, Block: block, Age: -1, Body: flow.Body{Len: -1}, NoBody: true}
		}, []string{"HTTP/1.1 304 Not Modified", `ETag: "1"`, "Cache-Status: cistern; fwd=uri-miss", "X-Cache: MISS", "", ""}},
		{"status without a phrase", func(x *flow.Exchange) {
			x.Reply = flow.Reply{Status: 299, Age: -1, Close: true}
			x.Reply.Extra = append(x.Reply.Extra, httpmsg.Field{Name: []byte("A"), Value: []byte("b")})
		}, []string{"HTTP/1.1 299 ", "A: b", "Content-Length: 0", "Connection: close", "", ""}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := &scripted{start: func(x *flow.Exchange) bool { tt.set(x); return true }}
			_, addr := world(t, h, Options{})
			v := connect(t, addr)
			v.get("/")
			want := strings.Join(tt.lines, "\r\n")
			got := make([]byte, len(want))
			if _, err := io.ReadFull(v.in, got); err != nil || string(got) != want {
				t.Errorf("got\n%q, %v; want\n%q", got, err, want)
			}
		})
	}
}

// TestNoBody is a reply behind which the next one must follow at once.
func TestNoBody(t *testing.T) {
	tests := []struct {
		name   string
		method string
		reply  flow.Reply
		length string // Content-Length that is told; "": none
	}{
		{"HEAD", "HEAD", flow.Reply{Status: 200, NoBody: true, Body: flow.Body{Len: 1234}}, "1234"},
		{"HEAD of unknown length", "HEAD", flow.Reply{Status: 200, NoBody: true, Body: flow.Body{Len: -1}}, ""},
		{"304", "GET", flow.Reply{Status: 304, NoBody: true, Body: flow.Body{Len: 1234}}, ""},
		{"204", "GET", flow.Reply{Status: 204}, ""},
		{"204 of unknown length", "GET", flow.Reply{Status: 204, Body: flow.Body{Len: -1}}, ""},
		{"empty", "GET", flow.Reply{Status: 200}, "0"},
	}
	for _, version := range []string{"1.1", "1.0"} {
		for _, tt := range tests {
			t.Run(tt.name+" on "+version, func(t *testing.T) {
				h := &scripted{start: func(x *flow.Exchange) bool {
					if string(x.Request.Path) != "/" {
						hello(x)
						return true
					}
					x.Reply = tt.reply
					x.Reply.Age = -1
					return true
				}}
				_, addr := world(t, h, Options{})
				v := connect(t, addr)
				v.send(tt.method + " / HTTP/" + version + "\r\nHost: a\r\nConnection: keep-alive\r\n\r\n")
				r := v.reply(tt.method)
				if r.StatusCode != tt.reply.Status || r.Header.Get("Content-Length") != tt.length || len(r.TransferEncoding) > 0 {
					t.Errorf("%s %v %v", r.Status, r.Header, r.TransferEncoding)
				}
				h.once(t, tt.reply.Status, 0, false)
				v.open()
			})
		}
	}
}
