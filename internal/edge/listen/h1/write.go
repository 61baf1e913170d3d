package h1

import (
	"errors"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
)

// maxVec is the number of slices that one system call writes: a head, and
// half a megabyte of body.
const maxVec = 9

// errShort reports a body that ended before its length.
var errShort = errors.New("bug: body shorter than its length")

// send writes the reply of x, or holds it back if it is small and another
// request is already there. sent counts the bytes of the body.
func (c *conn) send(x *flow.Exchange) (sent int64, err error) {
	r := &x.Reply
	b := &r.Body
	if r.Status == 204 || r.Status == 304 {
		r.NoBody = true // RFC 9110, 6.4.1
	}
	c.needOut()
	chunked := b.Len < 0 && !r.NoBody && x.Request.Minor > 0
	if b.Len < 0 && !r.NoBody && !chunked {
		r.Close = true // HTTP/1.0: the end of the connection ends the body
	}
	c.out = appendHead(c.out, x, chunked)
	switch {
	case r.NoBody || b.Len == 0:
	case b.Src != nil:
		return c.sendSource(b, chunked)
	case len(b.Mem) <= smallBody:
		c.out = append(c.out, b.Mem...)
		sent = b.Len
	default:
		head := len(c.out)
		c.push(c.out)
		c.push(b.Mem)
		n, err := c.writeAll()
		return max(n-int64(head), 0), err
	}
	if c.w > c.r && len(c.out) < holdBytes && !r.Close {
		return sent, nil // flushed before anything can block
	}
	framing := int64(len(c.out)) - sent
	c.push(c.out)
	n, err := c.writeAll()
	return max(n-framing, 0), err
}

// flush writes the replies that were held back.
func (c *conn) flush() error {
	c.push(c.out)
	_, err := c.writeAll()
	return err
}

// sendSource writes c.out and then a body that comes in pieces: as many at a
// time as are there, with or without chunked framing.
func (c *conn) sendSource(b *flow.Body, chunked bool) (sent int64, err error) {
	off, end := b.Off, b.Off+b.Len
	if b.Len < 0 {
		end = 1<<63 - 1
	}
	c.push(c.out)
	for eof := false; !eof && off < end; {
		var queued int64
		var cut error
		for c.nvec+3 <= maxVec && !eof && off < end {
			var piece []byte
			piece, eof, cut = b.Src.Next(off, int(min(end-off, flow.ChunkSize)), c.wakeFn)
			if cut != nil || len(piece) == 0 {
				break
			}
			off += int64(len(piece))
			queued += int64(len(piece))
			if chunked {
				c.pushChunk(piece)
				break // the size line lies in c.out: one a call
			}
			c.push(piece)
		}
		if c.nvec > 0 {
			framing := c.length() - queued
			n, err := c.writeAll()
			if err != nil {
				return sent + max(n-framing, 0), err
			}
			sent += queued
			b.Src.Sent(off)
		} else if !eof && cut == nil && !c.await() {
			cut = errCut
		}
		if cut != nil {
			return sent, cut
		}
		c.now = time.Now().UnixNano()
	}
	switch {
	case chunked:
		c.out = append(c.out, "0\r\n\r\n"...)
		return sent, c.flush()
	case b.Len >= 0 && off < end:
		return sent, errShort
	}
	return sent, nil
}

// await waits until a body has grown; false: the server cuts its transfers.
func (c *conn) await() bool {
	select {
	case <-c.woken:
		return true
	case <-c.srv.cut:
		return false
	}
}

var crlf = []byte("\r\n")

// pushChunk queues a piece of the body in chunked framing (RFC 9112, 7.1).
func (c *conn) pushChunk(piece []byte) {
	at := len(c.out)
	c.out = strconv.AppendInt(c.out, int64(len(piece)), 16)
	c.out = append(c.out, crlf...)
	if c.nvec > 0 {
		c.vec[0] = c.out // the head was queued from the same memory
	} else {
		c.push(c.out[at:])
	}
	c.push(piece)
	c.push(crlf)
}

// push queues bytes for the next writeAll.
func (c *conn) push(b []byte) {
	if len(b) == 0 {
		return
	}
	c.vec[c.nvec] = b
	c.nvec++
}

// length returns the number of bytes queued.
func (c *conn) length() (n int64) {
	for _, b := range c.vec[:c.nvec] {
		n += int64(len(b))
	}
	return n
}

// writeAll writes all that was queued and empties c.out. The deadline moves
// on whenever the viewer takes some of it. An error resets the connection, so
// that the kernel does not keep what nobody takes.
func (c *conn) writeAll() (written int64, err error) {
	for c.nvec > 0 {
		c.armWrite()
		if err = c.rc.Write(c.writeFn); err == nil {
			err = c.err
		}
		if err != nil {
			c.reset()
			break
		}
		written += int64(c.n)
		if c.drop(c.n); c.nvec > 0 {
			c.now = time.Now().UnixNano()
		}
	}
	clear(c.vec[:c.nvec])
	c.nvec = 0
	c.out = c.out[:0]
	return written, err
}

// drop takes the first n bytes out of the queue.
func (c *conn) drop(n int) {
	done := 0
	for done < c.nvec && n >= len(c.vec[done]) {
		n -= len(c.vec[done])
		done++
	}
	if done < c.nvec {
		c.vec[done] = c.vec[done][n:]
	}
	copy(c.vec[:], c.vec[done:c.nvec])
	clear(c.vec[c.nvec-done : c.nvec])
	c.nvec -= done
}

// armWrite moves the write deadline, at most as often as armEvery says.
func (c *conn) armWrite() {
	if !due(c.now, c.writeArmed, c.srv.WriteTimeout) {
		return
	}
	c.writeArmed = c.now
	_ = c.nc.SetWriteDeadline(time.Unix(0, c.now+int64(c.srv.WriteTimeout)+armEvery(c.srv.WriteTimeout)))
}

// tryWrite writes what is queued, or waits until the socket takes more.
func (c *conn) tryWrite(fd uintptr) bool {
	var n int
	var err error
	if c.nvec == 1 {
		n, err = syscall.Write(int(fd), c.vec[0])
	} else {
		n, err = unix.Writev(int(fd), c.vec[:c.nvec])
	}
	switch err {
	case syscall.EAGAIN:
		return false
	case syscall.EINTR:
		return c.tryWrite(fd)
	}
	c.n, c.err = n, err
	return true
}
