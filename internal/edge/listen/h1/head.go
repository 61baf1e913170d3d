package h1

import (
	"strconv"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
)

// appendHead appends the head of x's reply: status line, the rendered block,
// the volatile fields.
func appendHead(b []byte, x *flow.Exchange, chunked bool) []byte {
	r := &x.Reply
	b = appendStatusLine(b, r.Status)
	if r.Block != nil {
		if r.Status == 304 {
			b = append(b, r.Block.H1[:r.Block.N304]...)
		} else {
			b = append(b, r.Block.H1...)
		}
	}
	for _, f := range r.Extra {
		b = append(b, f.Name...)
		b = append(b, ": "...)
		b = append(b, f.Value...)
		b = append(b, crlf...)
	}
	if r.Age >= 0 {
		b = append(b, "Age: "...)
		b = strconv.AppendInt(b, r.Age, 10)
		b = append(b, crlf...)
	}
	if x.Status.Hit || x.Status.Fwd != "" {
		b = append(b, "Cache-Status: "...)
		b = x.Status.Append(b)
		b = append(b, crlf...)
	}
	if word := x.Result.String(); word != "" {
		b = append(b, "X-Cache: "...)
		b = append(b, word...)
		b = append(b, crlf...)
	}
	switch {
	case chunked:
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	case r.Body.Len >= 0 && hasLength(r.Status):
		b = append(b, "Content-Length: "...)
		b = strconv.AppendInt(b, r.Body.Len, 10)
		b = append(b, crlf...)
	}
	switch {
	case r.Close:
		b = append(b, "Connection: close\r\n"...)
	case x.Request.KeepAlive10:
		b = append(b, "Connection: keep-alive\r\n"...)
	}
	return append(b, crlf...)
}

// hasLength reports whether a reply of this status may tell the length of its
// body (RFC 9110, 8.6).
func hasLength(status int) bool { return status >= 200 && status != 204 && status != 304 }

// appendRefusal appends a whole reply to a request that could not be read.
// now is in Unix nanoseconds.
func appendRefusal(b []byte, status int, reason string, now int64) []byte {
	b = appendStatusLine(b, status)
	b = append(b, "Server: Cistern\r\nDate: "...)
	b = httpmsg.AppendDate(b, now/1e9)
	b = append(b, "\r\nCache-Control: no-store\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(reason)+1), 10)
	b = append(b, "\r\nConnection: close\r\n\r\n"...)
	b = append(b, reason...)
	return append(b, '\n')
}

func appendStatusLine(b []byte, status int) []byte {
	if status == 200 {
		return append(b, "HTTP/1.1 200 OK\r\n"...)
	}
	b = append(b, "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(status), 10)
	b = append(b, ' ')
	b = append(b, reasons[status]...)
	return append(b, crlf...)
}

// reasons are the phrases of RFC 9110, 15 and of the registry; a status
// without one has an empty phrase (RFC 9112, 4).
var reasons = map[int]string{
	100: "Continue", 102: "Processing", 103: "Early Hints",
	200: "OK", 201: "Created", 202: "Accepted", 203: "Non-Authoritative Information", 204: "No Content",
	205: "Reset Content", 206: "Partial Content", 207: "Multi-Status", 208: "Already Reported", 226: "IM Used",
	300: "Multiple Choices", 301: "Moved Permanently", 302: "Found", 303: "See Other", 304: "Not Modified",
	305: "Use Proxy", 307: "Temporary Redirect", 308: "Permanent Redirect",
	400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden", 404: "Not Found",
	405: "Method Not Allowed", 406: "Not Acceptable", 407: "Proxy Authentication Required", 408: "Request Timeout",
	409: "Conflict", 410: "Gone", 411: "Length Required", 412: "Precondition Failed", 413: "Content Too Large",
	414: "URI Too Long", 415: "Unsupported Media Type", 416: "Range Not Satisfiable", 417: "Expectation Failed",
	421: "Misdirected Request", 422: "Unprocessable Content", 423: "Locked", 424: "Failed Dependency",
	425: "Too Early", 426: "Upgrade Required", 428: "Precondition Required", 429: "Too Many Requests",
	431: "Request Header Fields Too Large", 451: "Unavailable For Legal Reasons",
	500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable",
	504: "Gateway Timeout", 505: "HTTP Version Not Supported", 506: "Variant Also Negotiates",
	507: "Insufficient Storage", 508: "Loop Detected", 511: "Network Authentication Required",
}
