// Package h1 is the transport for HTTP/1.1: one goroutine a connection, a
// strict parser, no allocation for a request that is answered from memory.
//
// It knows nothing of caches and zones: a flow.Handler fills the replies,
// which are pulled from here and written with as few system calls as can be.
package h1

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
)

// Options configures a Server. Only Handler is required.
type Options struct {
	Handler flow.Handler
	Log     *slog.Logger // nil: slog.Default

	// Limits bound request heads; the zero value is httpmsg's.
	Limits httpmsg.Limits

	// HeaderTimeout bounds the time from a request's first byte to the end of
	// its head. Zero means 10 s; beyond it is 408.
	HeaderTimeout time.Duration
	// IdleTimeout bounds the wait for the next request, and up to a second
	// more. Zero means 75 s; beyond it the connection is closed.
	IdleTimeout time.Duration
	// WriteTimeout bounds the time in which the viewer takes no byte, and up
	// to a second more. Zero means 30 s; beyond it the connection is reset.
	WriteTimeout time.Duration
	// MaxContent bounds, in bytes, the content of a request. Zero means 10 MiB;
	// beyond it is 413.
	MaxContent int64
	// ContentTimeout bounds the time in which nothing of a request's content
	// comes. Zero means 30 s; beyond it is 408.
	ContentTimeout time.Duration
	// MaxPerAddress bounds the connections of one viewer address. Zero means
	// 1,000; more are closed at once.
	MaxPerAddress int

	// Refused, if set, is told of each request that did not reach the
	// handler, as its head could not be understood. It may be called
	// concurrently.
	Refused func(status int)
}

func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.HeaderTimeout <= 0 {
		o.HeaderTimeout = 10 * time.Second
	}
	if o.IdleTimeout <= 0 {
		o.IdleTimeout = 75 * time.Second
	}
	if o.WriteTimeout <= 0 {
		o.WriteTimeout = 30 * time.Second
	}
	if o.MaxContent <= 0 {
		o.MaxContent = 10 << 20
	}
	if o.ContentTimeout <= 0 {
		o.ContentTimeout = 30 * time.Second
	}
	if o.MaxPerAddress <= 0 {
		o.MaxPerAddress = 1000
	}
	if o.Refused == nil {
		o.Refused = func(int) {}
	}
	return o
}

// A Server serves HTTP/1.1 on any number of listeners. Its methods are safe
// for concurrent use.
type Server struct {
	Options

	draining atomic.Bool    // set under mu
	cut      chan struct{}  // closed when the remaining transfers are to be cut
	cutOnce  sync.Once      // for cut
	running  sync.WaitGroup // of calls of Serve and of connections

	mu        sync.Mutex // guards what follows
	listeners map[*net.TCPListener]struct{}
	open      map[*conn]struct{}
	perAddr   map[netip.Addr]int
}

// New returns a server.
func New(o Options) *Server {
	return &Server{
		Options:   o.withDefaults(),
		cut:       make(chan struct{}),
		listeners: make(map[*net.TCPListener]struct{}),
		open:      make(map[*conn]struct{}),
		perAddr:   make(map[netip.Addr]int),
	}
}

// acceptGrace is how long connections that the kernel has completed are still
// taken when the server drains, as closing the listener would reset them.
const acceptGrace = 50 * time.Millisecond

// Serve accepts connections until Shutdown, and then returns nil. It closes
// the listener.
func (s *Server) Serve(ln *net.TCPListener) error {
	defer func() { _ = ln.Close() }()
	s.mu.Lock()
	if s.draining.Load() {
		s.mu.Unlock()
		return nil
	}
	s.listeners[ln] = struct{}{}
	s.running.Add(1)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.listeners, ln)
		s.mu.Unlock()
		s.running.Done()
	}()
	for pause := time.Duration(0); ; {
		nc, err := ln.AcceptTCP()
		switch {
		case err == nil:
			pause = 0
			s.start(nc)
		case s.draining.Load():
			return nil
		case temporary(err):
			// Out of files: there is nothing better to do than to wait for
			// connections to end.
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			s.Log.Warn("accept connection", "error", err, "retry_in", pause)
			select {
			case <-time.After(pause):
			case <-s.cut:
			}
		default:
			return err
		}
	}
}

func temporary(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && !errors.Is(err, net.ErrClosed)
}

func (s *Server) start(nc *net.TCPConn) {
	peer := nc.RemoteAddr().(*net.TCPAddr).AddrPort().Addr().Unmap()
	c, err := newConn(s, nc, peer)
	if err != nil {
		_ = nc.Close()
		return
	}
	s.mu.Lock()
	if s.perAddr[peer] >= s.MaxPerAddress {
		s.mu.Unlock()
		_ = nc.Close()
		return
	}
	s.perAddr[peer]++
	s.open[c] = struct{}{}
	s.running.Add(1) // Serve counts itself, so that Shutdown waits
	s.mu.Unlock()
	go func() {
		defer s.end(c)
		c.serve()
	}()
}

func (s *Server) end(c *conn) {
	s.mu.Lock()
	delete(s.open, c)
	if s.perAddr[c.x.Peer]--; s.perAddr[c.x.Peer] == 0 {
		delete(s.perAddr, c.x.Peer)
	}
	s.mu.Unlock()
	s.running.Done()
}

// Connections returns the number of open connections.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}

// Shutdown drains the server: it takes no new connections, closes idle ones,
// and ends each other one after its current reply. When ctx ends first, the
// remaining transfers are cut, and ctx's error is returned once their handlers
// have come back.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.draining.Store(true)
	for ln := range s.listeners {
		_ = ln.SetDeadline(time.Now().Add(acceptGrace))
	}
	for c := range s.open {
		c.endIfIdle()
	}
	s.mu.Unlock()

	ended := make(chan struct{})
	go func() {
		s.running.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
	}
	s.cutOnce.Do(func() { close(s.cut) })
	s.mu.Lock()
	n := len(s.open)
	for c := range s.open {
		c.reset()
	}
	s.mu.Unlock()
	<-ended
	if n > 0 {
		s.Log.Warn("drain time-out: transfers cut", "connections", n)
	}
	return ctx.Err()
}
