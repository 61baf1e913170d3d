package origin

import (
	"errors"
	"io"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
)

// A sender is the content of a request on its way to the origin. It is sent
// once: a second attempt is possible only while nothing of it was read, which
// is when a connection turns out to be closed before its first byte.
type sender struct {
	from  flow.Content
	begun atomic.Bool
}

var errBegun = errors.New("content was sent in part and cannot be sent again")

// Read reads the viewer's content. Its errors but io.EOF end the request so
// that the origin does not take it for whole.
func (s *sender) Read(p []byte) (int, error) {
	s.begun.Store(true)
	return s.from.Read(p)
}

// Close does nothing: the transport ends the content.
func (s *sender) Close() error { return nil }

func (s *sender) again() (io.ReadCloser, error) {
	if s.begun.Load() {
		if fault := s.from.Fault(); fault != nil {
			return nil, fault
		}
		return nil, errBegun
	}
	return s, nil
}

// through makes r a request of the viewer's own method.
func (t *try) through(r *http.Request) {
	f := t.fetch
	r.Method = f.Method
	for _, name := range [...]string{"Idempotency-Key", "X-Idempotency-Key"} {
		// net/http would take these fields as leave to send a request twice.
		// It looks for them by this spelling.
		if values, ok := r.Header[name]; ok {
			delete(r.Header, name)
			r.Header[strings.ToLower(name)] = values
		}
	}
	if hops, err := strconv.Atoi(string(f.Viewer.Get("Max-Forwards"))); err == nil && hops > 0 && f.Method == http.MethodOptions {
		r.Header["Max-Forwards"] = []string{strconv.Itoa(hops - 1)}
	}
	if f.Content != nil {
		body := &sender{from: f.Content}
		r.Body, r.ContentLength, r.GetBody = body, f.Content.Length(), body.again
	}
}

// maxInterim bounds the interim responses to one request.
const maxInterim = 32

var errManyInterim = errors.New("origin sent more interim responses than anyone reads")

// interim passes interim responses on. What ends here (100) and what would end
// the connection (101) are not among them.
func (t *try) interim() func(status int, h textproto.MIMEHeader) error {
	n := 0
	return func(status int, h textproto.MIMEHeader) error {
		if n++; n > maxInterim {
			return errManyInterim
		}
		if status == http.StatusContinue {
			return nil
		}
		fields, err := fields(http.Header(h))
		if err == nil {
			t.fetch.Interim(status, fields)
		}
		return err
	}
}
