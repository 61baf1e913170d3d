package origin

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/textproto"
	"strings"
	"syscall"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/catalog"
	"github.com/cistern-cdn/cistern/internal/spec/cdnfield"
	"github.com/cistern-cdn/cistern/internal/spec/objkey"
	"github.com/cistern-cdn/cistern/internal/zone"
)

// Classes of faults, by which fail-over and stale answers are configured.
const (
	classError   = "error"
	classTimeout = "timeout"
	classInvalid = "invalid_header"
)

var (
	errLoop           = errors.New("the request has been here before: CDN-Loop names this CDN")
	errNoOrigin       = errors.New("the zone has no enabled origin")
	errNoSecret       = errors.New("the origin has no complete pair of key and secret")
	errMethod         = errors.New("only GET and HEAD are signed")
	errQuery          = errors.New("a query parameter that is no command to fetch an object is not signed")
	errAuthType       = errors.New("the origin's auth_type is not known to this edge")
	errReadTimeout    = errors.New("origin sent nothing within read_timeout")
	errConnectTimeout = errors.New("no connection within connect_timeout")
	errSwitching      = errors.New("origin switched protocols unasked")
)

// pathFault is for a path that should have been refused before the cache.
func pathFault(err error) *flow.Fault {
	f := &flow.Fault{Status: 502, Proxy: cdnfield.HTTPRequestDenied, Err: err}
	var r *objkey.Refusal
	if errors.As(err, &r) {
		f.Status = r.Status
	}
	return f
}

// transportFault says what went wrong with a request that got no response.
func transportFault(ctx context.Context, err error) *flow.Fault {
	f := &flow.Fault{Class: classError, CutOff: true, Err: err}
	var dial *dialError
	var content *flow.ContentFault
	switch {
	case errors.As(err, &content):
		return &flow.Fault{Status: content.Status, Proxy: cdnfield.HTTPRequestError, Err: content}
	case errors.As(err, &dial):
		dialFault(f, dial)
	case ctx.Err() != nil:
		f.Err = context.Cause(ctx)
		f.Code, f.Proxy, f.Class = catalog.OriginTimeout, cdnfield.HTTPResponseTimeout, classTimeout
	case isTimeout(err):
		f.Err = errReadTimeout
		f.Code, f.Proxy, f.Class = catalog.OriginTimeout, cdnfield.HTTPResponseTimeout, classTimeout
	case isClosed(err):
		f.Code, f.Proxy = catalog.OriginConnectionCut, cdnfield.ConnectionTerminated
	case strings.Contains(err.Error(), "headers exceeded"): // net/http has no type for it
		f.Code, f.Proxy, f.Class, f.CutOff = catalog.OriginOriginError, cdnfield.HTTPResponseHeaderSectionSize, classInvalid, false
	default:
		f.Code, f.Proxy, f.Class, f.CutOff = catalog.OriginOriginError, cdnfield.HTTPProtocolError, classInvalid, false
	}
	f.Status = cdnfield.ErrorStatus(f.Proxy)
	return f
}

// ofViewer reports whether a fetch ended because who asked gave up, or sent
// what cannot be forwarded.
func ofViewer(err error) bool {
	var content *flow.ContentFault
	return errors.Is(err, context.Canceled) || errors.As(err, &content)
}

// cutFault says, for the log, why a body broke off.
func cutFault(err error) *flow.Fault {
	f := &flow.Fault{Code: catalog.OriginOriginError, Proxy: cdnfield.HTTPResponseIncomplete, Err: err}
	switch {
	case errors.Is(err, errReadTimeout):
		f.Code, f.Proxy = catalog.OriginTimeout, cdnfield.ConnectionReadTimeout
	case isClosed(err):
		f.Code = catalog.OriginConnectionCut
	}
	f.Status = cdnfield.ErrorStatus(f.Proxy)
	return f
}

func dialFault(f *flow.Fault, e *dialError) {
	var prohibited *zone.AddressError
	var dns *net.DNSError
	switch {
	case errors.As(e.err, &prohibited):
		f.Code, f.Proxy = catalog.OriginAddressProhibited, cdnfield.DestinationIPProhibited
	case errors.As(e.err, &dns) && dns.IsTimeout, e.step == "resolve" && isTimeout(e.err):
		f.Code, f.Proxy, f.Class = catalog.OriginDNSFailed, cdnfield.DNSTimeout, classTimeout
	case e.step == "resolve":
		f.Code, f.Proxy = catalog.OriginDNSFailed, cdnfield.DNSError
	case isTimeout(e.err):
		f.Code, f.Proxy, f.Class = catalog.OriginTimeout, cdnfield.ConnectionTimeout, classTimeout
	case e.step == "tls":
		f.Code, f.Proxy = catalog.OriginTLSFailed, tlsError(e.err)
	case errors.Is(e.err, syscall.EHOSTUNREACH), errors.Is(e.err, syscall.ENETUNREACH):
		f.Code, f.Proxy = catalog.OriginConnectFailed, cdnfield.DestinationIPUnroutable
	case errors.Is(e.err, syscall.ECONNREFUSED):
		f.Code, f.Proxy = catalog.OriginConnectFailed, cdnfield.ConnectionRefused
	default:
		f.Code, f.Proxy = catalog.OriginConnectFailed, cdnfield.ConnectionTerminated
	}
}

// tlsError returns the error type of a failed handshake.
func tlsError(err error) string {
	var certificate *tls.CertificateVerificationError
	var alert tls.AlertError
	var host x509.HostnameError
	var remote *net.OpError
	switch {
	case errors.As(err, &certificate), errors.As(err, &host):
		return cdnfield.TLSCertificateError
	case errors.As(err, &alert), errors.As(err, &remote) && remote.Op == "remote error":
		return cdnfield.TLSAlertReceived
	}
	return cdnfield.TLSProtocolError
}

func isTimeout(err error) bool {
	var t net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, errConnectTimeout) || errors.As(err, &t) && t.Timeout()
}

// isClosed reports whether err is the connection's end, and not what came over
// it.
func isClosed(err error) bool {
	var op *net.OpError
	var protocol textproto.ProtocolError
	switch {
	case errors.As(err, &protocol):
		return false
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.ErrClosedPipe),
		errors.Is(err, net.ErrClosed), errors.As(err, &op):
		return true
	}
	// What net/http says of a connection that closed before the response; the
	// value is not exported.
	return strings.Contains(err.Error(), "server closed idle connection")
}
