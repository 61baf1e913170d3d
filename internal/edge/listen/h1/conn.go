package h1

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
)

const (
	inSize  = 4 << 10  // holds any usual request head
	outSize = 20 << 10 // a head and a small body
	// smallBody is the largest body that is copied behind its head, so that
	// both leave in one write; a TLS record holds as much.
	smallBody = 16 << 10
	// holdBytes bounds the replies that wait for further pipelined requests.
	holdBytes = 32 << 10
)

// Buffers belong to a connection only while it has something in them: an idle
// connection costs its goroutine's stack and this package's conn.
var (
	inPool  = sync.Pool{New: func() any { return new([inSize]byte) }}
	outPool = sync.Pool{New: func() any { b := make([]byte, 0, outSize); return &b }}
)

// States of a connection, for draining.
const (
	stateFresh  = iota // waits for the first byte of its first request
	stateIdle          // waits for the first byte of a next one
	stateActive        // has read some of a request, or answers it
)

// A conn is one viewer connection. All but state is used by its goroutine
// only.
type conn struct {
	srv   *Server
	nc    *net.TCPConn
	rc    syscall.RawConn
	state atomic.Int32

	x    flow.Exchange
	busy bool          // x is between Start and Done
	in   []byte        // bytes in[r:w] are read and not yet used; nil: no buffer
	inp  *[inSize]byte // in's pooled memory; nil: in is larger
	r, w int
	out  []byte  // replies, and the head of the one that is being sent
	outp *[]byte // out's pooled memory

	vec  [maxVec][]byte // what the next system call writes
	nvec int

	// Results of the last system call, left by tryRead and tryWrite.
	n   int
	err error

	// Made once, so that a request makes no closures.
	readFn, writeFn func(fd uintptr) bool
	wakeFn          func()
	woken           chan struct{}

	body      *content   // of the request in progress; nil: none
	interimMu sync.Mutex // guards replying, and the socket's writes until it is set
	replying  bool       // the reply has begun, and so no interim response may follow

	now                   int64 // Unix nanoseconds, read once a request and after each wait
	readArmed, writeArmed int64 // when the idle and write deadlines were set; 0: another one is set
	headBy                int64 // when the head that is being read must be complete; 0: none is
}

func newConn(s *Server, nc *net.TCPConn, peer netip.Addr) (*conn, error) {
	rc, err := nc.SyscallConn()
	if err != nil {
		return nil, err
	}
	c := &conn{srv: s, nc: nc, rc: rc, woken: make(chan struct{}, 1)}
	c.x.Peer, c.x.Interim = peer, c.interim
	c.readFn, c.writeFn = c.tryRead, c.tryWrite
	c.wakeFn = func() {
		select {
		case c.woken <- struct{}{}:
		default:
		}
	}
	return c, nil
}

// errCut reports a reply that was ended by Shutdown, errPanic one by a bug.
var (
	errCut   = errors.New("cut at the end of the drain time")
	errPanic = errors.New("bug: panic while the request was answered")
)

// endIfIdle ends a connection that waits for a request, by ending its wait:
// what has arrived until then is still answered. It is called by other
// goroutines, when the server is already draining.
func (c *conn) endIfIdle() {
	switch c.state.Load() {
	case stateFresh:
		_ = c.nc.SetReadDeadline(time.Now().Add(acceptGrace))
	case stateIdle:
		_ = c.nc.SetReadDeadline(time.Now())
	}
}

// reset ends the connection so that the viewer cannot take what has arrived
// for the whole. It may be called by other goroutines.
func (c *conn) reset() {
	_ = c.nc.SetLinger(0)
	_ = c.nc.Close()
}

// serve answers requests until one of both sides ends the connection.
func (c *conn) serve() {
	defer func() {
		if v := recover(); v != nil {
			c.srv.Log.Error("panic in a connection", "panic", v, "stack", string(debug.Stack()))
			c.giveUp()
		}
		_ = c.nc.Close()
		c.endContent()
		c.freeIn()
		c.freeOut()
	}()
	for {
		n, err := c.readHead()
		if err != nil {
			c.refuse(err)
			return
		}
		c.r += n // the bytes stay where they are until the reply is sent
		keep, err := c.answer()
		if err != nil {
			return
		}
		if c.r == c.w {
			c.r, c.w = 0, 0
		}
		if !keep {
			c.linger()
			return
		}
	}
}

// giveUp ends an exchange that a panic has left half done. The handler still
// has to release what it holds.
func (c *conn) giveUp() {
	c.reset()
	if !c.busy {
		return
	}
	c.busy = false
	defer func() {
		if v := recover(); v != nil {
			c.srv.Log.Error("panic after a panic in a connection", "panic", v)
		}
	}()
	if c.x.Reply.Status == 0 {
		c.x.Reply.Status = 500
	}
	c.srv.Handler.Done(&c.x, 0, errPanic)
}

// armEvery is how often the idle and write deadlines are moved at most: they
// are this much later than they must be.
func armEvery(timeout time.Duration) int64 { return int64(min(time.Second, timeout/4)) }

// due reports whether a deadline set at armed is to be moved at now. A clock
// that was set back counts.
func due(now, armed int64, timeout time.Duration) bool {
	return now < armed || now-armed >= armEvery(timeout)
}

// armRead sets the deadline of the next read.
func (c *conn) armRead() {
	now := time.Now().UnixNano()
	switch {
	case c.w > c.r && c.headBy == 0:
		c.readArmed = 0
		c.headBy = now + int64(c.srv.HeaderTimeout)
		_ = c.nc.SetReadDeadline(time.Unix(0, c.headBy))
	case c.w == c.r && due(now, c.readArmed, c.srv.IdleTimeout):
		c.readArmed = now
		_ = c.nc.SetReadDeadline(time.Unix(0, now+int64(c.srv.IdleTimeout)+armEvery(c.srv.IdleTimeout)))
	}
	if c.w == c.r && c.srv.draining.Load() {
		c.endIfIdle() // Shutdown may have been here before the deadline was set
	}
}

// readHead reads until c.x.Request is parsed, and returns the length of its
// head in c.in. Its errors are those of refuse.
func (c *conn) readHead() (int, error) {
	c.headBy = 0
	for {
		if c.w > c.r {
			n, err := c.x.Request.Parse(c.in[c.r:c.w], &c.srv.Limits)
			if n > 0 || err != nil {
				c.now = time.Now().UnixNano()
				c.x.Now = c.now
				c.state.Store(stateActive)
				return n, err
			}
		}
		if c.flush() != nil {
			return 0, errGone
		}
		if c.w == c.r && c.state.Load() == stateActive {
			c.state.Store(stateIdle)
		}
		c.armRead()
		if err := c.fill(); err != nil {
			return 0, err
		}
	}
}

// errGone reports that a reply could not be written.
var errGone = errors.New("viewer takes no reply")

// fill reads more bytes behind c.w, making room first.
func (c *conn) fill() error {
	switch {
	case c.in == nil:
	case c.r == c.w:
		c.r, c.w = 0, 0
	case c.w == len(c.in) && c.r > 0:
		c.w = copy(c.in, c.in[c.r:c.w])
		c.r = 0
	case c.w == len(c.in):
		// Parse asks for no more than the limits allow.
		grown := make([]byte, c.srv.Limits.MaxBytes()+1)
		copy(grown, c.in)
		c.freeIn()
		c.in = grown
	}
	err := c.rc.Read(c.readFn)
	if err == nil {
		err = c.err
	}
	if errors.Is(err, os.ErrDeadlineExceeded) && c.srv.draining.Load() {
		err = c.fillLast()
	}
	if err != nil {
		return err
	}
	if c.n == 0 {
		return io.EOF
	}
	c.w += c.n
	c.state.Store(stateActive)
	return nil
}

// fillLast decides what becomes of a wait that Shutdown has ended: what has
// arrived counts, and a head that has begun keeps its time.
func (c *conn) fillLast() error {
	if c.w > c.r && time.Now().UnixNano() < c.headBy {
		_ = c.nc.SetReadDeadline(time.Unix(0, c.headBy))
		c.n = 0
		if err := c.rc.Read(c.readFn); err != nil {
			return err
		}
		return c.err
	}
	arrived := false
	if err := c.rc.Control(func(fd uintptr) { arrived = c.tryRead(fd) }); err != nil {
		return err
	}
	if !arrived {
		return io.EOF
	}
	return c.err
}

// tryRead reads what there is. Where there is nothing it lets go of its
// buffers, unless they hold a part of a request, and waits.
func (c *conn) tryRead(fd uintptr) bool {
	if c.in == nil {
		c.inp = inPool.Get().(*[inSize]byte)
		c.in = c.inp[:]
	}
	n, err := syscall.Read(int(fd), c.in[c.w:])
	switch err {
	case syscall.EAGAIN:
		if c.w == 0 {
			c.freeIn()
			c.freeOut()
		}
		return false
	case syscall.EINTR:
		return c.tryRead(fd)
	}
	c.n, c.err = n, err
	return true
}

// answer lets the handler fill the reply to c.x.Request and sends it. It
// reports whether the connection can be used further; an error means that the
// reply did not get through whole.
func (c *conn) answer() (keep bool, err error) {
	x := &c.x
	h := c.srv.Handler
	x.Reset()
	if c.body = c.newContent(); c.body != nil {
		x.Content, c.replying = c.body, false
	}
	c.busy = true
	if !h.Start(x) {
		if err := c.flush(); err != nil {
			// The viewer has gone, and with it those who would have joined.
			x.Reply = flow.Reply{Status: 499, Close: true, NoBody: true}
			c.busy = false
			h.Done(x, 0, err)
			return false, err
		}
		h.Finish(x)
		c.now = time.Now().UnixNano()
	}
	req := &x.Request
	if req.Close || !c.begin() || c.srv.draining.Load() {
		x.Reply.Close = true
	}
	sent, err := c.send(x)
	c.busy = false
	h.Done(x, sent, err)
	if err != nil && x.Reply.Body.Len < 0 && req.Minor == 0 {
		c.reset() // the end of the connection must not look like the body's
	}
	c.endContent()
	return !x.Reply.Close, err
}

// refuse answers a request that could not be read, where there is somebody to
// answer, and ends the connection.
func (c *conn) refuse(err error) {
	var perr *httpmsg.ParseError
	status, reason := 0, ""
	switch {
	case errors.As(err, &perr):
		status, reason = perr.Status, perr.Reason
	case errors.Is(err, os.ErrDeadlineExceeded) && c.w > c.r:
		status, reason = 408, "request head not complete in time"
		c.now = time.Now().UnixNano()
	default:
		return
	}
	c.srv.Refused(status)
	c.needOut()
	c.out = appendRefusal(c.out, status, reason, c.now)
	if c.flush() == nil {
		c.linger()
	}
}

// lingerTime and lingerBytes bound what is read of a viewer who still sends
// after the last reply: closing at once would reset the connection, and the
// reply with it.
const (
	lingerTime  = time.Second
	lingerBytes = 256 << 10
)

func (c *conn) linger() {
	if c.nc.CloseWrite() != nil {
		return
	}
	c.state.Store(stateActive) // Shutdown leaves it alone
	_ = c.nc.SetReadDeadline(time.Now().Add(lingerTime))
	c.freeIn()
	c.r, c.w = 0, 0
	for left := lingerBytes; left > 0; left -= c.n {
		if c.rc.Read(c.readFn) != nil || c.err != nil || c.n == 0 {
			return
		}
	}
}

func (c *conn) freeIn() {
	if c.inp != nil {
		inPool.Put(c.inp)
	}
	c.in, c.inp = nil, nil
}

func (c *conn) needOut() {
	if c.out == nil {
		c.outp = outPool.Get().(*[]byte)
		c.out = (*c.outp)[:0]
	}
}

func (c *conn) freeOut() {
	if c.outp != nil {
		*c.outp = c.out[:0]
		if cap(c.out) <= 2*outSize+holdBytes {
			outPool.Put(c.outp)
		}
	}
	c.out, c.outp = nil, nil
}
