package h1

import (
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
)

// A content is the content of a request. While it is read, which other
// goroutines do, the connection's own goroutine reads nothing.
type content struct {
	conn   *conn
	length int64 // announced; -1: chunked
	expect bool  // the viewer waits for 100 (Continue)

	ended  atomic.Bool                       // all of it was read
	closed atomic.Bool                       // nothing of it may be read any more
	fault  atomic.Pointer[flow.ContentFault] // why it is not whole

	mu      sync.Mutex // guards what follows: held by a Read
	rest    []byte     // received and not used yet
	buf     []byte     // memory of rest, once that of the head is used up
	left    int64      // bytes still to come, if the length is known
	total   int64      // bytes read
	chunked httpmsg.Chunked
}

var _ flow.Content = (*content)(nil)

var (
	faultLarge = &flow.ContentFault{Status: 413, Reason: "too long"}
	faultSlow  = &flow.ContentFault{Status: 408, Reason: "nothing more came in time"}
	faultGone  = &flow.ContentFault{Status: 499, Reason: "viewer left before its end"}
	errClosed  = errors.New("read request content: the reply is complete")
)

// newContent returns the content of the request whose head was read last; nil
// if it has none.
func (c *conn) newContent() *content {
	req := &c.x.Request
	if req.ContentLength <= 0 && !req.Chunked {
		return nil
	}
	t := &content{conn: c, length: req.ContentLength, left: req.ContentLength, expect: req.Expect100}
	if req.Chunked {
		t.length = -1
	}
	if t.length > c.srv.MaxContent {
		t.fault.Store(faultLarge)
	}
	// What follows the head belongs to the content until it has ended.
	t.rest = c.in[c.r:c.w]
	c.r = c.w
	c.readArmed = 0
	if t.expect {
		// Another goroutine will write the 100, and must have time for it.
		c.writeArmed = 0
		_ = c.nc.SetWriteDeadline(time.Unix(0, c.now).Add(c.srv.WriteTimeout + continueTime))
	}
	return t
}

// continueTime is how long an origin may take to want the content of a
// request that waits for 100 (Continue).
const continueTime = time.Minute

// Length implements flow.Content.
func (t *content) Length() int64 { return t.length }

// Fault implements flow.Content.
func (t *content) Fault() *flow.ContentFault { return t.fault.Load() }

// Read implements flow.Content.
func (t *content) Read(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.ended.Load():
		return 0, io.EOF
	case t.fault.Load() != nil:
		return 0, t.fault.Load()
	case t.closed.Load():
		return 0, errClosed
	case len(p) == 0:
		return 0, nil
	case t.length < 0:
		return t.readChunked(p)
	}
	p = p[:min(int64(len(p)), t.left)]
	n := copy(p, t.rest)
	t.rest = t.rest[n:]
	if n == 0 {
		var err error
		if n, err = t.receive(p); err != nil {
			return 0, err
		}
	}
	if t.left -= int64(n); t.left == 0 {
		t.ended.Store(true)
	}
	return n, nil
}

func (t *content) readChunked(p []byte) (int, error) {
	for {
		// No more data comes out than bytes go in.
		data, used, done, err := t.chunked.Next(t.rest[:min(len(t.rest), len(p))])
		t.rest = t.rest[used:]
		var fault *httpmsg.ParseError
		switch {
		case errors.As(err, &fault):
			return 0, t.fail(&flow.ContentFault{Status: fault.Status, Reason: fault.Reason})
		case done:
			t.ended.Store(true)
			return 0, io.EOF
		case len(data) > 0:
			if t.total += int64(len(data)); t.total > t.conn.srv.MaxContent {
				return 0, t.fail(faultLarge)
			}
			return copy(p, data), nil
		case len(t.rest) > 0:
			continue
		}
		if t.buf == nil {
			t.buf = make([]byte, inSize) // what is left over fits where heads are read
		}
		n, err := t.receive(t.buf)
		if err != nil {
			return 0, err
		}
		t.rest = t.buf[:n]
	}
}

// receive reads from the connection.
func (t *content) receive(p []byte) (int, error) {
	c := t.conn
	if t.expect {
		t.expect = false
		c.proceed()
	}
	_ = c.nc.SetReadDeadline(time.Now().Add(c.srv.ContentTimeout))
	if t.closed.Load() {
		return 0, errClosed
	}
	n, err := c.nc.Read(p)
	switch {
	case n > 0:
		return n, nil
	case t.closed.Load():
		return 0, errClosed
	case errors.Is(err, os.ErrDeadlineExceeded):
		return 0, t.fail(faultSlow)
	}
	return 0, t.fail(faultGone)
}

func (t *content) fail(f *flow.ContentFault) error {
	t.fault.Store(f)
	return f
}

// close ends reading. What follows the content, if it was read whole, is the
// connection's again, in the place of the head.
func (t *content) close() {
	c := t.conn
	t.closed.Store(true)
	if !t.mu.TryLock() {
		_ = c.nc.SetReadDeadline(time.Unix(1, 0)) // ends the Read that is under way
		t.mu.Lock()
	}
	defer t.mu.Unlock()
	c.readArmed = 0
	switch {
	case !t.ended.Load():
	case t.buf == nil:
		c.r = c.w - len(t.rest)
	default:
		c.r, c.w = 0, copy(c.in, t.rest)
	}
	t.rest = nil
}

// begin notes that the reply begins, so that no interim response may follow,
// and reports whether another request can come behind this one.
func (c *conn) begin() bool {
	if c.body == nil {
		return true
	}
	c.interimMu.Lock()
	c.replying = true
	c.interimMu.Unlock()
	return c.body.ended.Load()
}

// endContent ends the reading of the request's content, which must come
// before the memory it may lie in is used for something else.
func (c *conn) endContent() {
	if c.body != nil {
		c.body.close()
		c.body = nil
	}
}

// proceed sends 100 (Continue), unless the reply has begun. It is called by
// the goroutine that reads the content.
func (c *conn) proceed() {
	c.interimMu.Lock()
	defer c.interimMu.Unlock()
	if !c.replying {
		_, _ = c.nc.Write(continueReply) // who does not get it sends nothing more
	}
}

var continueReply = []byte("HTTP/1.1 100 Continue\r\n\r\n")

// interim sends an interim response. It implements flow.Exchange.Interim. A
// viewer of HTTP/1.0 would take it for the reply.
func (c *conn) interim(status int, fields httpmsg.Fields) {
	if c.x.Request.Minor == 0 {
		return
	}
	c.interimMu.Lock()
	defer c.interimMu.Unlock()
	c.needOut()
	c.now = time.Now().UnixNano()
	c.out = appendStatusLine(c.out, status)
	c.out = append(fields.Append(c.out), crlf...)
	_ = c.flush() // whoever has gone takes no reply either
}
