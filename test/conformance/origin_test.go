package conformance

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cistern-cdn/cistern/test/s3test/record"
)

// An origin is a web server that writes its answers byte by byte as cases
// say; no library adds, orders or corrects a field. Package stub cannot do
// that.
type origin struct {
	addr string

	mu      sync.Mutex
	scripts map[string]*script // by base path; guarded by mu
	conns   map[net.Conn]bool  // open ones; guarded by mu
}

// startOrigin runs an origin until the end of the test.
func startOrigin(t *testing.T) *origin {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o := &origin{addr: listener.Addr().String(), scripts: map[string]*script{}, conns: map[net.Conn]bool{}}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			o.mu.Lock()
			o.conns[conn] = true
			o.mu.Unlock()
			serving.Go(func() { o.serve(conn) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		o.mu.Lock()
		for conn := range o.conns {
			conn.Close()
		}
		o.mu.Unlock()
		serving.Wait()
	})
	return o
}

// script returns the script for the resources below base, made anew.
func (o *origin) script(base, host string, now time.Time) *script {
	s := &script{base: base, host: host, now: now, changed: make(chan struct{})}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.scripts[base] = s
	return s
}

// find returns the script of a request target "/subject/number…".
func (o *origin) find(target string) *script {
	base := target
	if slash := strings.IndexByte(target[1:], '/'); slash >= 0 {
		end := strings.IndexFunc(target[slash+2:], func(c rune) bool { return c < '0' || c > '9' })
		if end >= 0 {
			base = target[:slash+2+end]
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.scripts[base]
}

// serve answers the requests of one connection.
func (o *origin) serve(conn net.Conn) {
	defer func() {
		o.mu.Lock()
		delete(o.conns, conn)
		o.mu.Unlock()
		conn.Close()
	}()
	in := bufio.NewReader(conn)
	for {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		content, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		if len(content) > 0 {
			r.Header.Set("Content", string(content))
		}
		s := o.find(r.RequestURI)
		if s == nil {
			panic(fmt.Sprintf("bug: origin asked for %s, which is no case's", r.RequestURI))
		}
		if !s.answer(conn, r) {
			return
		}
	}
}

// A script is what the origin has to say in one case. Its methods may be
// called concurrently.
type script struct {
	base, host string
	now        time.Time

	mu      sync.Mutex
	answers []answer         // of this step, not yet given; guarded by mu
	last    answer           // given last in this step; guarded by mu
	seen    []record.Request // in this step; guarded by mu
	given   int              // answers in all steps; guarded by mu
	told    []told           // what was answered in this step; guarded by mu
	shown   int              // interim answers the viewer has seen in this step; guarded by mu
	changed chan struct{}    // closed and replaced when anything above changes; guarded by mu
}

// told is an answer as it was given.
type told struct {
	status int
	body   string
}

// begin says what the answers of the next step are.
func (s *script) begin(answers []answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers, s.seen, s.told, s.shown = answers, nil, nil, 0
	s.notify()
}

// notify wakes who waits for a change. s.mu is held.
func (s *script) notify() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// show says that the viewer has seen an interim answer.
func (s *script) show() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shown++
	s.notify()
}

// asked returns the requests of this step and what was told.
func (s *script) asked() ([]record.Request, []told) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]record.Request{}, s.seen...), append([]told{}, s.told...)
}

// wait returns when done, or when patience ends. Done is called with s.mu
// held.
func (s *script) wait(done func() bool) bool {
	timeout := time.After(patience)
	for {
		s.mu.Lock()
		ok, changed := done(), s.changed
		s.mu.Unlock()
		if ok {
			return true
		}
		select {
		case <-changed:
		case <-timeout:
			return false
		}
	}
}

// answer answers one request, and reports whether the connection stays open.
func (s *script) answer(conn net.Conn, r *http.Request) bool {
	s.mu.Lock()
	a := answer{status: http.StatusTeapot, body: "the origin should not have been asked"}
	switch {
	case len(s.answers) > 0:
		a, s.answers = s.answers[0], s.answers[1:]
	case s.last.fault == drop && len(s.seen) > 0:
		a = s.last // asked once more, as it may be
	}
	s.last = a
	s.given++
	if a.body == "" && !a.empty {
		a.body = fmt.Sprintf("answer %d", s.given)
	}
	if a.status == 0 {
		a.status = http.StatusOK
	}
	s.seen = append(s.seen, record.Request{Method: r.Method, Target: r.RequestURI, Host: r.Host, Header: r.Header})
	s.told = append(s.told, told{a.status, a.body})
	s.notify()
	s.mu.Unlock()
	if a.fault == drop {
		return false
	}
	return s.write(conn, r, &a) == nil && a.fault == ""
}

// write writes a whole answer.
func (s *script) write(w io.Writer, r *http.Request, a *answer) error {
	for i, line := range a.interim {
		status, list, _ := strings.Cut(line, " ")
		text := "HTTP/1.1 " + status + " Interim\r\n"
		for _, field := range strings.Split(list, "|") {
			if field != "" {
				text += s.expand(field) + "\r\n"
			}
		}
		if _, err := io.WriteString(w, text+"\r\n"); err != nil {
			return err
		}
		if status != "100" && !a.unseen && !s.wait(func() bool { return s.shown > i }) {
			return fmt.Errorf("the viewer has not seen interim answer %d", i)
		}
	}
	_, err := io.WriteString(w, s.head(r, a)+s.content(r, a))
	return err
}

// head returns status line and fields.
func (s *script) head(r *http.Request, a *answer) string {
	var text strings.Builder
	fmt.Fprintf(&text, "HTTP/1.1 %d %s\r\n", a.status, http.StatusText(a.status))
	date, length := false, false
	for _, line := range a.fields {
		name, _, _ := strings.Cut(line, ":")
		date = date || strings.EqualFold(strings.TrimPrefix(name, "-"), "Date")
		length = length || strings.EqualFold(name, "Content-Length")
		if !strings.HasPrefix(line, "-") {
			text.WriteString(s.expand(line) + "\r\n")
		}
	}
	if !date {
		fmt.Fprintf(&text, "Date: %s\r\n", time.Now().UTC().Format(http.TimeFormat))
	}
	switch {
	case a.chunked:
		text.WriteString("Transfer-Encoding: chunked\r\n")
	case !length && a.status != http.StatusNoContent && a.status != http.StatusNotModified:
		fmt.Fprintf(&text, "Content-Length: %d\r\n", len(a.body))
	}
	if a.fault != "" {
		text.WriteString("Connection: close\r\n")
	}
	return text.String() + "\r\n"
}

// content returns the body as it is sent.
func (s *script) content(r *http.Request, a *answer) string {
	switch {
	case r.Method == http.MethodHead, a.status == http.StatusNoContent, a.status == http.StatusNotModified:
		return ""
	case !a.chunked && a.fault == short:
		return a.body[:len(a.body)-1]
	case !a.chunked:
		return a.body
	}
	half := len(a.body) / 2
	text := fmt.Sprintf("%x\r\n%s\r\n%x\r\n%s\r\n", half, a.body[:half], len(a.body)-half, a.body[half:])
	if a.fault == short {
		return text
	}
	text += "0\r\n"
	for _, line := range a.trailers {
		text += s.expand(line) + "\r\n"
	}
	return text + "\r\n"
}

func (s *script) expand(text string) string { return expand(text, s.base, s.host, s.now) }
