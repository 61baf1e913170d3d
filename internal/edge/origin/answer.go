package origin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/catalog"
	"github.com/cistern-cdn/cistern/internal/spec/cdnfield"
	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
	"github.com/cistern-cdn/cistern/internal/spec/s3error"
)

// defaultRetryAfter is for a busy origin that names no time, in seconds, and
// maxRetryAfter for one that names a long one.
const (
	defaultRetryAfter = 5
	maxRetryAfter     = 300
)

// shortBody is the size, in bytes, up to which an unwanted body is read
// rather than its connection closed.
const shortBody = 4 << 10

func sortedNames(h http.Header) []string { return slices.Sorted(maps.Keys(h)) }

// judge makes the final answer of what was received. An error of a signed
// origin is read here, and goes no further.
func (t *try) judge(a *flow.Answer, res *http.Response) (*flow.Answer, *flow.Fault) {
	if a.Status == http.StatusSwitchingProtocols {
		_ = a.Body.Close()
		return nil, invalidFault(a.Status, errSwitching)
	}
	if a.Status == http.StatusNotModified {
		a.Length = 0
	}
	if t.probe {
		if err := answerHead(a, res.Header); err != nil {
			_ = a.Body.Close()
			return nil, invalidFault(a.Status, err)
		}
	}
	if t.signer != nil && a.Status >= 300 && a.Status != http.StatusNotModified {
		return t.refused(a, res)
	}
	var err error
	if a.Fields, err = fields(res.Header); err != nil {
		_ = a.Body.Close()
		return nil, invalidFault(a.Status, err)
	}
	return a, nil
}

// invalidFault is for a response that breaks the rules of HTTP.
func invalidFault(status int, err error) *flow.Fault {
	return &flow.Fault{Status: 502, Proxy: cdnfield.HTTPProtocolError, Received: status,
		Code: catalog.OriginOriginError, Class: classInvalid, Err: err}
}

// answerHead turns the answer to a GET of the first byte into that of a HEAD,
// if it tells about the object.
func answerHead(a *flow.Answer, h http.Header) error {
	value := h.Get("Content-Range")
	switch a.Status {
	case http.StatusOK:
	case http.StatusPartialContent:
		first, total, _ := strings.Cut(value, "/")
		n, err := strconv.ParseInt(total, 10, 64)
		if err != nil || n < 1 || first != "bytes 0-0" {
			return fmt.Errorf("read Content-Range %q: not that of the first byte", value)
		}
		a.Length = n
	case http.StatusRequestedRangeNotSatisfiable:
		if value != "bytes */0" {
			return nil
		}
		// An empty object. The type is that of the error document.
		a.Length = 0
		h.Del("Content-Type")
	default:
		return nil
	}
	// What is short is read, so that the connection can be used again.
	_, _ = io.CopyN(io.Discard, a.Body, shortBody)
	_ = a.Body.Close()
	h.Del("Content-Range")
	a.Status, a.Body = http.StatusOK, http.NoBody
	return nil
}

// said is what an origin said about a failure, for the log.
type said struct {
	status     int
	code       string // S3 <Code>
	message    string
	requestID  string
	ec         string
	region     string
	serverTime string
	credential bool
}

// refused reads the error of a signed origin.
func (t *try) refused(a *flow.Answer, res *http.Response) (*flow.Answer, *flow.Fault) {
	body, err := io.ReadAll(io.LimitReader(a.Body, s3error.MaxBody))
	_ = a.Body.Close()
	v := s3error.Classify(s3error.Answer{
		Status: a.Status, Head: t.head, Body: body, Type: res.Header.Get("Content-Type"),
		BucketRegion: res.Header.Get("X-Amz-Bucket-Region"),
		DeleteMarker: res.Header.Get("X-Amz-Delete-Marker") == "true",
		ViewerBucket: t.member.Mapping.BucketFromPath(),
	})
	d := &v.Document
	t.said = said{
		status: a.Status, code: d.Code, message: d.Message, requestID: d.RequestID, ec: d.EC,
		region: v.Region, serverTime: d.ServerTime, credential: v.Credential,
	}
	if t.said.requestID == "" {
		t.said.requestID = firstOf(res.Header, "X-Amz-Request-Id", "X-Oss-Request-Id")
	}
	if v.Negative {
		return &flow.Answer{
			Status: v.Status, Negative: true, Code: v.Code, Body: http.NoBody,
			Fields:      freshness(res.Header),
			RequestTime: a.RequestTime, ResponseTime: a.ResponseTime,
		}, nil
	}
	f := &flow.Fault{Status: v.Status, Proxy: v.ProxyError, Received: a.Status, Code: v.Code, Class: classOf(a.Status)}
	if v.Credential {
		f.Class = classError
	}
	if v.Code == catalog.OriginOriginBusy {
		f.RetryAfter = retryAfter(res.Header.Get("Retry-After"))
	}
	f.Err = t.refusal()
	if err != nil && d.Code == "" {
		f.Err = fmt.Errorf("%w: read error document: %w", f.Err, err)
	}
	return nil, f
}

// refusal says for the log what the origin answered.
func (t *try) refusal() error {
	return errors.New(strings.TrimRight(fmt.Sprintf("origin %s: status %d %s", t.member.Origin.Name, t.said.status, t.said.code), " "))
}

// missing returns what is to be logged of a negative answer.
func (t *try) missing(a *flow.Answer) *flow.Fault {
	return &flow.Fault{Status: a.Status, Received: t.said.status, Code: a.Code, Err: t.refusal()}
}

func classOf(status int) string { return "http_" + strconv.Itoa(status) }

func firstOf(h http.Header, names ...string) string {
	for _, name := range names {
		if v := h.Get(name); v != "" {
			return v
		}
	}
	return ""
}

// freshness keeps of an error's fields those that say how long it holds.
func freshness(h http.Header) httpmsg.Fields {
	kept := make(http.Header)
	for _, name := range []string{"Age", "Cache-Control", "Cdn-Cache-Control", "Date", "Expires"} {
		if v := h.Values(name); v != nil {
			kept[name] = v
		}
	}
	out, err := fields(kept)
	if err != nil {
		return nil // the entry then has the zone's lifetime
	}
	return out
}

// retryAfter reads delay-seconds; a date is too rare to be read.
func retryAfter(value string) int {
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 {
		return defaultRetryAfter
	}
	return min(n, maxRetryAfter)
}

// A body reads a response and ends its connection's use. Reads wait no longer
// than the read time-out for the next bytes.
type body struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	try    try // for the log
	from   io.ReadCloser
	timer  *time.Timer
	closed bool
}

func newBody(ctx context.Context, cancel context.CancelCauseFunc, t *try, from io.ReadCloser) *body {
	b := &body{ctx: ctx, cancel: cancel, try: *t, from: from}
	b.timer = time.AfterFunc(t.server.read, func() { cancel(errReadTimeout) })
	b.timer.Stop()
	return b
}

// Read reads. An error but io.EOF means that the body is cut.
func (b *body) Read(p []byte) (int, error) {
	if b.closed {
		return 0, http.ErrBodyReadAfterClose
	}
	b.timer.Reset(b.try.server.read)
	n, err := b.from.Read(p)
	b.timer.Stop()
	if err == nil || err == io.EOF {
		return n, err
	}
	cause := context.Cause(b.ctx)
	if cause != nil {
		err = cause
	}
	err = fmt.Errorf("read body: %w", err)
	if cause == nil || cause == errReadTimeout {
		b.try.client.log(&b.try, cutFault(err))
	} // else who asked gave up
	return n, err
}

// Close gives the connection back, or closes it if the body was not read to
// its end. It may be called more than once, but not during a Read.
func (b *body) Close() error {
	if b.closed {
		return nil
	}
	b.closed = true
	b.timer.Stop()
	err := b.from.Close()
	b.cancel(nil)
	b.try.server.release()
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// scrub hides secrets that an origin may have repeated.
func scrub(text string, secrets ...string) string {
	for _, s := range secrets {
		if s != "" {
			text = strings.ReplaceAll(text, s, "[secret]")
		}
	}
	return string(bytes.ToValidUTF8([]byte(text), []byte("?")))
}
