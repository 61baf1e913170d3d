package journal

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
)

// A Format is the form of access log lines.
type Format uint8

// The forms. In both, one request is one line whatever bytes it had, and
// secret query values are cut short.
const (
	// Text is words between blanks: time, viewer, zone, host, "request",
	// status, body bytes, result, seconds, "referer", "user agent", code of the
	// edge's refusal or of the origin's fault, request id of the edge's own
	// pages, "ok" or "cut". A word that is missing is "-".
	Text Format = iota
	// JSON is an object; what is missing has no member.
	JSON
)

const (
	flushEvery = time.Second
	flushBytes = 32 << 10  // a shard with this much is written without waiting
	maxBytes   = 256 << 10 // and one with this much takes no more lines
)

// A Log writes one line per exchange. Lines are collected in memory and
// written each second, or earlier if there are many; Run does that. Lines of
// one connection are in order, those of different ones nearly.
//
// No request waits for the log: when the writer is so slow that 256 KiB wait
// in one shard, further lines are dropped, and counted.
type Log struct {
	w      io.Writer
	format Format
	log    *slog.Logger

	shards  []logShard
	kick    chan struct{} // a shard is full enough
	dropped atomic.Uint64

	writing sync.Mutex // guards what follows
	spare   []byte     // changes places with a shard's buffer
	lines   int        // in the buffer being written
	failing bool       // the last write failed
	torn    bool       // and left a line without its end
}

// A logShard collects the lines of some connections.
type logShard struct {
	mu    sync.Mutex // guards what follows
	buf   []byte
	lines int
	clock stamp
	_     [64]byte // keeps the next shard off this one's cache lines
}

// NewLog returns a log that writes to w, which nobody else may use. Failures
// of w are told to log, or to slog.Default if it is nil. Without Run nothing is
// written.
func NewLog(w io.Writer, format Format, log *slog.Logger) *Log {
	if log == nil {
		log = slog.Default()
	}
	return &Log{w: w, format: format, log: log, shards: make([]logShard, shardCount()), kick: make(chan struct{}, 1)}
}

// Run writes lines until ctx is done, and then those that are left. It must be
// called once, and end after the last exchange.
func (l *Log) Run(ctx context.Context) error {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-l.kick:
		case <-ctx.Done():
			l.Flush()
			return nil
		}
		l.Flush()
	}
}

// Dropped returns the number of lines that were lost.
func (l *Log) Dropped() uint64 { return l.dropped.Load() }

// Flush writes all lines recorded before the call. Failures are logged, once
// until a write succeeds again, and the lines dropped.
func (l *Log) Flush() {
	l.writing.Lock()
	defer l.writing.Unlock()
	for i := range l.shards {
		s := &l.shards[i]
		s.mu.Lock()
		s.buf, l.spare = l.spare[:0], s.buf
		l.lines, s.lines = s.lines, 0
		s.mu.Unlock()
		if l.lines > 0 {
			l.write()
		}
		if cap(l.spare) > 2*maxBytes {
			l.spare = nil // a hostile line has blown it up
		}
	}
}

// write writes the spare buffer. l.writing is held.
func (l *Log) write() {
	if l.torn {
		// Lines that follow a torn one must not become part of it.
		if _, err := l.w.Write([]byte("\n")); err != nil {
			l.fail(err)
			return
		}
		l.torn = false
	}
	n, err := l.w.Write(l.spare)
	if err != nil {
		l.torn = n > 0 && l.spare[n-1] != '\n'
		l.fail(err)
		return
	}
	if l.failing {
		l.failing = false
		l.log.Info("access log is written again", "dropped", l.Dropped())
	}
}

func (l *Log) fail(err error) {
	l.dropped.Add(uint64(l.lines))
	if !l.failing {
		l.failing = true
		l.log.Error("write access log", "err", err)
	}
}

// record adds the line of an exchange to a shard.
func (l *Log) record(at uint32, x *flow.Exchange, sent int64, err error) {
	took := max(time.Now().UnixNano()-x.Now, 0)
	s := &l.shards[at&uint32(len(l.shards)-1)]
	s.mu.Lock()
	if len(s.buf) >= maxBytes {
		s.mu.Unlock()
		l.dropped.Add(1)
		return
	}
	before := len(s.buf)
	e := entry{x: x, sent: sent, cut: err != nil, took: took, clock: &s.clock}
	if l.format == JSON {
		s.buf = e.appendJSON(s.buf)
	} else {
		s.buf = e.appendText(s.buf)
	}
	s.lines++
	full := before < flushBytes && len(s.buf) >= flushBytes
	s.mu.Unlock()
	if full {
		select {
		case l.kick <- struct{}{}:
		default: // it is already awake
		}
	}
}
