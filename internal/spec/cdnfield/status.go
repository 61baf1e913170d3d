package cdnfield

import "strconv"

// Values of CacheStatus.Fwd: why a request went to the origin (RFC 9211, 2.2).
const (
	FwdBypass   = "bypass"    // the cache was told not to handle it
	FwdMethod   = "method"    // the method's semantics need the origin
	FwdURIMiss  = "uri-miss"  // nothing stored under this key
	FwdVaryMiss = "vary-miss" // only other variants stored
	FwdMiss     = "miss"      // nothing stored; which of both is not known
	FwdRequest  = "request"   // fresh, but the request's directives forbid it
	FwdStale    = "stale"     // stored, but stale
	FwdPartial  = "partial"   // only some of the bytes stored
)

// A CacheStatus is this edge's member of Cache-Status (RFC 9211). The zero
// value says nothing but the name of the edge.
type CacheStatus struct {
	Hit       bool   // answered from the store; Fwd is then not written
	Fwd       string // one of the Fwd constants; empty: not forwarded
	FwdStatus int    // status of the origin's answer; 0: none
	HasTTL    bool
	TTL       int64  // seconds of freshness left; negative: stale for so long
	Stored    bool   // the answer was stored
	Collapsed bool   // one origin request served several viewers
	Detail    string // visible ASCII; other bytes are written as "?"; empty: none
}

// Append appends the member: "cistern; hit; ttl=376".
func (s *CacheStatus) Append(dst []byte) []byte {
	dst = append(dst, name...)
	switch {
	case s.Hit:
		dst = append(dst, "; hit"...)
	case s.Fwd != "":
		dst = append(dst, "; fwd="...)
		dst = append(dst, s.Fwd...)
	}
	if s.FwdStatus != 0 {
		dst = append(dst, "; fwd-status="...)
		dst = strconv.AppendInt(dst, int64(s.FwdStatus), 10)
	}
	if s.HasTTL {
		dst = append(dst, "; ttl="...)
		dst = strconv.AppendInt(dst, min(max(s.TTL, -maxInteger), maxInteger), 10)
	}
	if s.Stored {
		dst = append(dst, "; stored"...)
	}
	if s.Collapsed {
		dst = append(dst, "; collapsed"...)
	}
	if s.Detail != "" {
		dst = append(dst, "; detail="...)
		dst = appendTokenOrString(dst, s.Detail)
	}
	return dst
}

// appendTokenOrString appends s as a token where it is one, else as a string
// (RFC 9651, 3.3.3 and 3.3.4).
func appendTokenOrString(dst []byte, s string) []byte {
	if isToken(s) {
		return append(dst, s...)
	}
	dst = append(dst, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < ' ' || c > '~':
			dst = append(dst, '?')
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}

func isToken(s string) bool {
	if s == "" || !isAlpha(s[0]) && s[0] != '*' {
		return false
	}
	for i := range len(s) {
		if !isTokenByte(s[i]) {
			return false
		}
	}
	return true
}

// Error types of Proxy-Status (RFC 9209, 2.3).
const (
	DNSTimeout                     = "dns_timeout"
	DNSError                       = "dns_error"
	DestinationNotFound            = "destination_not_found"
	DestinationUnavailable         = "destination_unavailable"
	DestinationIPProhibited        = "destination_ip_prohibited"
	DestinationIPUnroutable        = "destination_ip_unroutable"
	ConnectionRefused              = "connection_refused"
	ConnectionTerminated           = "connection_terminated"
	ConnectionTimeout              = "connection_timeout"
	ConnectionReadTimeout          = "connection_read_timeout"
	ConnectionWriteTimeout         = "connection_write_timeout"
	ConnectionLimitReached         = "connection_limit_reached"
	TLSProtocolError               = "tls_protocol_error"
	TLSCertificateError            = "tls_certificate_error"
	TLSAlertReceived               = "tls_alert_received"
	HTTPRequestError               = "http_request_error"
	HTTPRequestDenied              = "http_request_denied"
	HTTPResponseIncomplete         = "http_response_incomplete"
	HTTPResponseHeaderSectionSize  = "http_response_header_section_size"
	HTTPResponseHeaderSize         = "http_response_header_size"
	HTTPResponseBodySize           = "http_response_body_size"
	HTTPResponseTrailerSectionSize = "http_response_trailer_section_size"
	HTTPResponseTrailerSize        = "http_response_trailer_size"
	HTTPResponseTransferCoding     = "http_response_transfer_coding"
	HTTPResponseContentCoding      = "http_response_content_coding"
	HTTPResponseTimeout            = "http_response_timeout"
	HTTPUpgradeFailed              = "http_upgrade_failed"
	HTTPProtocolError              = "http_protocol_error"
	ProxyInternalResponse          = "proxy_internal_response"
	ProxyInternalError             = "proxy_internal_error"
	ProxyConfigurationError        = "proxy_configuration_error"
	ProxyLoopDetected              = "proxy_loop_detected"
)

// ErrorStatus returns the status of an answer made for an error type, as
// RFC 9209 recommends it, and 0 for an unknown type. One differs:
// ProxyConfigurationError gives 502, as what is configured wrongly is the way
// to the origin. For HTTPRequestError it is 400, and the caller may know a
// better one of its class.
func ErrorStatus(errorType string) int {
	switch errorType {
	case HTTPRequestError:
		return 400
	case HTTPRequestDenied:
		return 403
	case DestinationNotFound, ProxyInternalResponse, ProxyInternalError:
		return 500
	case DNSError, DestinationIPProhibited, DestinationIPUnroutable, ConnectionRefused, ConnectionTerminated,
		TLSProtocolError, TLSCertificateError, TLSAlertReceived, HTTPResponseIncomplete, HTTPResponseHeaderSectionSize,
		HTTPResponseHeaderSize, HTTPResponseBodySize, HTTPResponseTrailerSectionSize,
		HTTPResponseTrailerSize, HTTPResponseTransferCoding,
		HTTPResponseContentCoding, HTTPUpgradeFailed, HTTPProtocolError, ProxyConfigurationError, ProxyLoopDetected:
		return 502
	case DestinationUnavailable, ConnectionLimitReached:
		return 503
	case DNSTimeout, ConnectionTimeout, ConnectionReadTimeout, ConnectionWriteTimeout, HTTPResponseTimeout:
		return 504
	}
	return 0
}

// AppendProxyStatus appends this edge's member of Proxy-Status (RFC 9209) for
// an answer that it made because of errorType: "cistern;
// error=proxy_configuration_error; received-status=403". A receivedStatus of 0
// means that the origin sent none.
func AppendProxyStatus(dst []byte, errorType string, receivedStatus int) []byte {
	dst = append(dst, name...)
	dst = append(dst, "; error="...)
	dst = append(dst, errorType...)
	if receivedStatus != 0 {
		dst = append(dst, "; received-status="...)
		dst = strconv.AppendInt(dst, int64(receivedStatus), 10)
	}
	return dst
}
