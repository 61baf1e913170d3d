package origin

import (
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"time"
)

// nothing is the body of a GET or HEAD. It is empty and so not sent, but as
// net/http cannot know that it could be read again, it leaves repeating to
// us: by itself it would try every kept connection that turns out to be
// closed, one after the other.
type nothing struct{}

func (nothing) Read([]byte) (int, error) { return 0, io.EOF }
func (nothing) Close() error             { return nil }

// roundTrip sends the request, and once more on a new connection if a kept
// one was closed before any byte of a response. The method must be GET or
// HEAD to be repeated. sent is when the attempt that counts began.
func (t *try) roundTrip(ctx context.Context) (res *http.Response, sent time.Time, err error) {
	var kept, answered bool
	trace := &httptrace.ClientTrace{
		WroteHeaders:         func() { t.client.Sent(t.fetch.Site) },
		GotConn:              func(c httptrace.GotConnInfo) { kept = c.Reused },
		GotFirstResponseByte: func() { answered = true },
	}
	if t.fetch.Interim != nil && t.signer == nil {
		trace.Got1xxResponse = t.interim()
	}
	traced := httptrace.WithClientTrace(ctx, trace)
	sent = time.Now()
	res, err = t.server.transport.RoundTrip(t.request(traced, sent))
	if err == nil || !kept || answered || t.fetch.Method != "" || ctx.Err() != nil {
		return res, sent, err
	}
	t.server.transport.CloseIdleConnections() // they are as old
	sent = time.Now()
	res, err = t.server.transport.RoundTrip(t.request(traced, sent))
	return res, sent, err
}
