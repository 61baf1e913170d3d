package journal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
)

// line returns what e is logged as.
func line(e entry, format Format) string {
	e.clock = new(stamp)
	if format == JSON {
		return string(e.appendJSON(nil))
	}
	return string(e.appendText(nil))
}

func TestLines(t *testing.T) {
	full := exchange(t, site("7d3a4a1e"), browserHead, 200, flow.ResultHit)
	fault := exchange(t, site("z"), "HEAD http://CDN.example.com/x HTTP/1.1\r\nHost: cdn.example.com\r\nUser-Agent:\r\n\r\n", 502, flow.ResultError)
	fault.Fault, fault.ID = &flow.Fault{Code: "secret_wrong"}, "9478ccb0f989f434"
	fault.Peer = netip.MustParseAddr("::ffff:198.51.100.1")
	refused := exchange(t, site("z"), plainHead, 403, flow.ResultNone)
	refused.Code, refused.ID = "path_not_allowed", "0011223344556677"
	bare := exchange(t, nil, "GET / HTTP/1.0\r\n\r\n", 404, flow.ResultNone)
	bare.Host, bare.Peer = nil, netip.Addr{}
	hostile := exchange(t, nil, "GET /\"\\| HTTP/1.1\r\nHost: a\r\nReferer: \"\t\xe2\x80\xa8\xc2\x85\r\nUser-Agent: \\ \xff caf\xc3\xa9\r\n\r\n", 404, flow.ResultNone)

	tests := []struct {
		name  string
		entry entry
		text  string
		json  string
	}{
		{
			"all there", entry{x: full, sent: 1024, took: 412_345},
			`2026-10-15T09:30:00.042Z 203.0.113.7 7d3a4a1e cdn.example.com "GET /media/cover.jpg?v=12&Signature=AbCdEf... HTTP/1.1" 200 1024 HIT 0.000412 ` +
				`"https://www.example.com/articles/private-buckets" "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0" - - ok`,
			`{"time":"2026-10-15T09:30:00.042Z","peer":"203.0.113.7","zone":"7d3a4a1e","host":"cdn.example.com","method":"GET",` +
				`"target":"/media/cover.jpg?v=12&Signature=AbCdEf...","protocol":"HTTP/1.1","status":200,"bytes":1024,"result":"HIT","seconds":0.000412,` +
				`"referer":"https://www.example.com/articles/private-buckets","user_agent":"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}`,
		},
		{
			"fault and cut", entry{x: fault, sent: 7, cut: true, took: 61_000_000_999},
			`2026-10-15T09:30:00.042Z 198.51.100.1 z cdn.example.com "HEAD http://CDN.example.com/x HTTP/1.1" 502 7 ERROR 61.000000 "" "" secret_wrong 9478ccb0f989f434 cut`,
			`{"time":"2026-10-15T09:30:00.042Z","peer":"198.51.100.1","zone":"z","host":"cdn.example.com","method":"HEAD","target":"http://CDN.example.com/x",` +
				`"protocol":"HTTP/1.1","status":502,"bytes":7,"result":"ERROR","seconds":61.000000,"user_agent":"","code":"secret_wrong","request_id":"9478ccb0f989f434","cut":true}`,
		},
		{
			"refused", entry{x: refused, sent: 30},
			`2026-10-15T09:30:00.042Z 203.0.113.7 z cdn.example.com "GET /a.jpg HTTP/1.1" 403 30 - 0.000000 "" "" path_not_allowed 0011223344556677 ok`,
			`{"time":"2026-10-15T09:30:00.042Z","peer":"203.0.113.7","zone":"z","host":"cdn.example.com","method":"GET","target":"/a.jpg","protocol":"HTTP/1.1",` +
				`"status":403,"bytes":30,"seconds":0.000000,"code":"path_not_allowed","request_id":"0011223344556677"}`,
		},
		{
			"nothing there", entry{x: bare},
			`2026-10-15T09:30:00.042Z - - - "GET / HTTP/1.0" 404 0 - 0.000000 "" "" - - ok`,
			`{"time":"2026-10-15T09:30:00.042Z","peer":"-","host":"","method":"GET","target":"/","protocol":"HTTP/1.0","status":404,"bytes":0,"seconds":0.000000}`,
		},
		{
			"hostile", entry{x: hostile},
			`2026-10-15T09:30:00.042Z 203.0.113.7 - cdn.example.com "GET /\x22\x5c| HTTP/1.1" 404 0 - 0.000000 "\x22\x09\xe2\x80\xa8\xc2\x85" "\x5c \xff caf\xc3\xa9" - - ok`,
			`{"time":"2026-10-15T09:30:00.042Z","peer":"203.0.113.7","host":"cdn.example.com","method":"GET","target":"/\u0022\u005c|","protocol":"HTTP/1.1",` +
				`"status":404,"bytes":0,"seconds":0.000000,"referer":"\u0022\u0009\u2028\u0085","user_agent":"\u005c \ufffd café"}`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.text+"\n", line(tt.entry, Text)); diff != "" {
				t.Errorf("text (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.json+"\n", line(tt.entry, JSON)); diff != "" {
				t.Errorf("JSON (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSecretsAreCut(t *testing.T) {
	tests := []struct{ url, want string }{
		{"/a?Signature=0123456789abcdef0123456789", "/a?Signature=012345..."},
		{"/a?x=1&X-Amz-Signature=0123456789abcdef0123456789&y=2", "/a?x=1&X-Amz-Signature=012345...&y=2"},
		{"/a?x=1;TOKEN=0123456789abcdef0123456789", "/a?x=1;TOKEN=012345..."},
		{"/a?%53ignatur%65=0123456789abcdef0123456789", "/a?%53ignatur%65=012345..."},
		{"/a?token=short", "/a?token=s..."},
		{"/a?token=abc", "/a?token=..."},
		{"/a?token=", "/a?token="},
		{"/a?token", "/a?token"},
		{"/a?tokens=0123456789abcdef", "/a?tokens=0123456789abcdef"},
		{"/a?a-name-that-is-very-long-token=0123456789abcdef", "/a?a-name-that-is-very-long-token=0123456789abcdef"},
		{"/token=0123456789abcdef", "/token=0123456789abcdef"},
		{"/a?", "/a?"},
		{"/a?&&=&%", "/a?&&=&%"},
		{"https://h/p?a=b?sig=x&sig=0123456789abcdef0123456789", "https://h/p?a=b?sig=x&sig=012345..."},
	}
	for _, tt := range tests {
		if got := string(appendURL(nil, []byte(tt.url), appendQuoted)); got != tt.want {
			t.Errorf("appendURL(%q) = %q; want %q", tt.url, got, tt.want)
		}
	}
}

// One request is one line, and a valid one, whatever it holds.
func FuzzLine(f *testing.F) {
	f.Add([]byte("/a?token=\n\r\"\\"), []byte("\xe2\x80\xa8"), []byte("\x1b[2J"), int64(0))
	f.Add([]byte("/%"), []byte(""), []byte("\xff\xfe"), int64(1<<62))
	f.Fuzz(func(t *testing.T, target, referer, agent []byte, nanos int64) {
		x := &flow.Exchange{Now: max(nanos, 0), Host: referer}
		x.Request.Method, x.Request.Target = agent, target
		x.Request.Fields = httpmsg.Fields{{Name: []byte("Referer"), Value: referer}, {Name: []byte("User-Agent"), Value: agent}}
		e := entry{x: x, took: max(nanos, 0)}

		text := line(e, Text)
		body := strings.TrimSuffix(text, "\n")
		if body == text || strings.ContainsFunc(body, func(r rune) bool { return r < ' ' || r > '~' }) || strings.Count(body, `"`) != 6 {
			t.Fatalf("text line %q", text)
		}
		object := line(e, JSON)
		var got struct {
			Referer string
			Agent   string `json:"user_agent"`
		}
		if err := json.Unmarshal([]byte(object), &got); err != nil || strings.Count(object, "\n") != 1 {
			t.Fatalf("JSON line %q: %v", object, err)
		}
		if want := strings.ToValidUTF8(string(clip(agent)), "\ufffd"); strings.ReplaceAll(got.Agent, "\ufffd", "") != strings.ReplaceAll(want, "\ufffd", "") {
			t.Fatalf("user agent %q; want %q", got.Agent, want)
		}
	})
}

func TestLogIsWrittenEachSecondAndAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out lockedBuffer
		log := NewLog(&out, Text, nil)
		j := New(Options{Log: log})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- log.Run(ctx) }()

		x := exchange(t, nil, plainHead, 404, flow.ResultNone)
		x.Now = time.Now().UnixNano()
		time.Sleep(250 * time.Millisecond)
		j.Record(x, 5, nil)
		if got := out.String(); got != "" {
			t.Errorf("written at once: %q", got)
		}
		time.Sleep(flushEvery)
		synctest.Wait()
		if got := out.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, " 404 5 - 0.250000 ") {
			t.Errorf("after a second: %q", got)
		}
		j.Record(x, 5, nil)
		stop()
		if err := <-done; err != nil {
			t.Errorf("Run = %v", err)
		}
		if got := strings.Count(out.String(), "\n"); got != 2 {
			t.Errorf("%d lines at the end; want 2", got)
		}
	})
}

// A lockedBuffer may be read while a log writes to it.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// Much traffic is written before the second is over.
func TestLogIsWrittenWhenMuchWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out lockedBuffer
		log := NewLog(&out, Text, nil)
		j := New(Options{Log: log})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- log.Run(ctx) }()
		x := exchange(t, nil, plainHead, 404, flow.ResultNone)
		const lines = flushBytes / 50
		for range lines {
			j.Record(x, 5, nil)
		}
		synctest.Wait()
		if got := len(out.String()); got < flushBytes {
			t.Errorf("%d bytes written; want at least %d", got, flushBytes)
		}
		stop()
		<-done
		if got := strings.Count(out.String(), "\n"); got != lines || log.Dropped() != 0 {
			t.Errorf("%d lines, %d dropped; want %d, 0", got, log.Dropped(), lines)
		}
	})
}

// Nobody waits for a writer that does not keep up; what is lost is counted.
func TestLogDropsWhenTooMuchWaits(t *testing.T) {
	var out bytes.Buffer
	log := NewLog(&out, Text, nil)
	j := New(Options{Log: log})
	x := exchange(t, nil, plainHead, 404, flow.ResultNone)
	const lines = 2 * maxBytes / 100
	for range lines {
		j.Record(x, 5, nil)
	}
	log.Flush()
	written := strings.Count(out.String(), "\n")
	if log.Dropped() == 0 || written+int(log.Dropped()) != lines || out.Len() < maxBytes || out.Len() > maxBytes+1000 {
		t.Errorf("%d lines (%d bytes) written, %d dropped; want %d together", written, out.Len(), log.Dropped(), lines)
	}
	j.Record(x, 5, nil)
	log.Flush()
	if got := strings.Count(out.String(), "\n"); got != written+1 {
		t.Errorf("%d lines after the jam; want %d", got, written+1)
	}
}

// A full disk takes a part of a line, then nothing, then all.
func TestLogSurvivesFailingWriter(t *testing.T) {
	var out, told bytes.Buffer
	disk := &fullDisk{to: &out, left: 30}
	log := NewLog(disk, Text, slog.New(slog.NewTextHandler(&told, nil)))
	j := New(Options{Log: log})
	x := exchange(t, nil, plainHead, 404, flow.ResultNone)
	x.Now = math.MaxInt64 // no time has passed since
	whole := line(entry{x: x, sent: 5}, Text)
	for range 3 {
		j.Record(x, 5, nil)
		log.Flush()
	}
	disk.left = 1 << 20
	j.Record(x, 5, nil)
	log.Flush()

	if want := whole[:30] + "\n" + whole; out.String() != want {
		t.Errorf("written %q; want %q", out.String(), want)
	}
	if log.Dropped() != 3 {
		t.Errorf("%d dropped; want 3", log.Dropped())
	}
	if got := told.String(); strings.Count(got, "\n") != 2 || !strings.Contains(got, "disk full") || !strings.Contains(got, "written again") {
		t.Errorf("told %q; want the failure once, and its end", got)
	}
}

type fullDisk struct {
	to   io.Writer
	left int
}

func (d *fullDisk) Write(b []byte) (int, error) {
	n := min(len(b), d.left)
	d.left -= n
	if n < len(b) {
		_, _ = d.to.Write(b[:n])
		return n, errors.New("disk full")
	}
	return d.to.Write(b)
}
