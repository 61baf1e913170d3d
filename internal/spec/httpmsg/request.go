package httpmsg

import "bytes"

// Limits bound a request head. A field that is zero or negative takes the
// default its comment states. Lengths are in bytes.
type Limits struct {
	RequestLine int // without its CRLF; zero means 8 KiB, beyond is 414
	FieldLine   int // one, without its CRLF; zero means 8 KiB, beyond is 431
	Head        int // all field lines with their CRLFs; zero means 32 KiB, beyond is 431
	Fields      int // number of field lines; zero means 100, beyond is 431
}

func (l *Limits) withDefaults() Limits {
	var out Limits
	if l != nil {
		out = *l
	}
	if out.RequestLine <= 0 {
		out.RequestLine = 8 << 10
	}
	if out.FieldLine <= 0 {
		out.FieldLine = 8 << 10
	}
	if out.Head <= 0 {
		out.Head = 32 << 10
	}
	if out.Fields <= 0 {
		out.Fields = 100
	}
	return out
}

// MaxBytes returns the length of the longest head that the limits let pass. A
// buffer of this size never has to grow while Parse asks for more.
func (l *Limits) MaxBytes() int {
	lim := l.withDefaults()
	return len(crlf) + lim.RequestLine + len(crlf) + lim.Head + len(crlf)
}

// A ParseError says why a request is refused. The connection must be closed
// after the answer, since nobody knows where the next request begins. Its
// values are shared and must not be changed.
type ParseError struct {
	Status int    // of the answer: 400, 414, 417, 431 or 505
	Reason string // one phrase, without any byte of the request
}

// Error returns the reason as a sentence.
func (e *ParseError) Error() string { return "parse request: " + e.Reason }

// A Request is the head of one HTTP/1.x request. Its slices point into the
// buffer given to Parse and are valid as long as that buffer's content. The
// zero value is ready for Parse, and one Request may be used for any number of
// requests, one after the other.
type Request struct {
	Method []byte
	Target []byte // as sent
	Minor  int    // of the HTTP version: 0 or 1
	Fields Fields

	// Scheme is that of an absolute-form target, as sent; nil for all others.
	Scheme []byte
	// Authority is the one authority of the request, as sent and valid: that
	// of the target in absolute-form and authority-form, else Host. It is
	// empty only in HTTP/1.0 without Host.
	Authority []byte
	// Path holds the target's bytes from its "/" to the first "?"; "/" for an
	// absolute-form without path; nil for CONNECT and for "*". Percent escapes
	// are not checked.
	Path []byte
	// Query holds what follows the first "?"; HasQuery tells "/a?" from "/a".
	Query    []byte
	HasQuery bool
	Asterisk bool // the target is "*", which only OPTIONS may have

	ContentLength int64 // -1: none
	Chunked       bool
	// Close tells that the connection must be closed after the answer:
	// the client asked for it, speaks HTTP/1.0 without keep-alive, or sent
	// CONNECT, behind which no other request can follow.
	Close bool
	// KeepAlive10 tells that an HTTP/1.0 client asked to keep the connection,
	// so that the answer must say so too.
	KeepAlive10 bool
	// Expect100 tells that the client waits for 100 (Continue) before it
	// sends the body.
	Expect100 bool

	scan scanner
	host []byte // value of Host; nil if none
	seen seen
}

// seen holds which fields came that may come once.
type seen struct{ contentLength, transferEncoding, badExpect bool }

// A scanner remembers how far an incomplete head was read, so that a head that
// comes byte by byte is not read again with each byte.
type scanner struct {
	base  *byte // first byte of the buffer; another one: begin again
	line  int   // start of the line being read
	clean int   // no line end in [line, clean)
	part  part
	first int // start of the first field line
}

// A part is what the line being read belongs to.
type part uint8

const (
	partStart   part = iota // before the request line; one empty line may come
	partRequest             // the request line
	partFields              // a field line or the empty line
)

const crlf = "\r\n"

// Reset forgets everything but the memory of r.Fields. It is needed only to
// abandon a request of which Parse wanted more.
func (r *Request) Reset() {
	*r = Request{Fields: r.Fields[:0], ContentLength: -1}
}

// Parse reads one request head from the start of buf (RFC 9112, 2 to 6) and
// returns its length, with the empty line and with one empty line before it,
// which is ignored.
//
// n is 0 without an error if buf does not hold a whole head yet. The caller
// then calls Parse again with the same bytes and some more, in the same memory
// or in another; what was read is not read again as long as the memory is the
// same. To parse other bytes instead, call Reset first.
//
// The error is a *ParseError. Limits are checked, and faults found, as early
// as the bytes allow. lim may be nil and must not change while a head is
// incomplete.
func (r *Request) Parse(buf []byte, lim *Limits) (n int, err error) {
	limits := lim.withDefaults()
	if len(buf) == 0 {
		return 0, nil
	}
	if r.scan.base != &buf[0] || len(buf) < r.scan.clean {
		r.Reset()
		r.scan.base = &buf[0]
	}
	n, fault := r.parse(buf, &limits)
	if fault != nil || n > 0 {
		r.scan = scanner{}
	}
	if fault != nil {
		return 0, fault
	}
	return n, nil
}

// parse goes on where the last call stopped. Only here lines are told apart.
func (r *Request) parse(buf []byte, lim *Limits) (int, *ParseError) {
	s := &r.scan
	for {
		end := nextControl(buf, s.clean)
		s.clean = end
		if fault := s.checkLength(end, lim); fault != nil {
			return 0, fault
		}
		if end == len(buf) {
			return 0, nil
		}
		if buf[end] != '\r' {
			return 0, controlFault(buf[end])
		}
		if end+1 == len(buf) {
			return 0, nil
		}
		if buf[end+1] != '\n' {
			return 0, errBareCR
		}
		line := buf[s.line:end]
		s.line, s.clean = end+2, end+2
		switch {
		case s.part == partStart && len(line) == 0:
			s.part = partRequest
		case s.part < partFields && len(line) == 0:
			return 0, errEmptyLines
		case s.part < partFields:
			if fault := r.parseLine(line); fault != nil {
				return 0, fault
			}
			s.part, s.first = partFields, s.line
		case len(line) == 0:
			return s.line, r.finish()
		default:
			if len(r.Fields) == lim.Fields {
				return 0, errManyFields
			}
			if fault := r.parseField(line); fault != nil {
				return 0, fault
			}
		}
	}
}

// checkLength checks the line that reaches to end, complete or not.
func (s *scanner) checkLength(end int, lim *Limits) *ParseError {
	length := end - s.line
	if s.part < partFields {
		if length > lim.RequestLine {
			return errLongLine
		}
		return nil
	}
	if length > lim.FieldLine {
		return errLongField
	}
	if length > 0 && end+len(crlf)-s.first > lim.Head {
		return errLongHead
	}
	return nil
}

func controlFault(c byte) *ParseError {
	if c == '\n' {
		return errBareLF
	}
	return errControl
}

// parseLine parses the request line: method SP target SP version.
func (r *Request) parseLine(line []byte) *ParseError {
	method := bytes.IndexByte(line, ' ')
	if method < 0 || !ValidName(line[:method]) {
		return errMethod
	}
	target := bytes.LastIndexByte(line, ' ')
	if target == method {
		return errVersion // "GET /" is HTTP/0.9
	}
	r.Method, r.Target = line[:method], line[method+1:target]
	version := line[target+1:]
	if len(version) != len("HTTP/1.1") || string(version[:5]) != "HTTP/" || version[6] != '.' ||
		!isDigit(version[5]) || !isDigit(version[7]) {
		return errVersion
	}
	if version[5] != '1' || version[7] > '1' {
		return errOtherVersion
	}
	r.Minor = int(version[7] - '0')
	return r.parseTarget()
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// parseTarget tells the four forms of a target apart (RFC 9112, 3.2).
func (r *Request) parseTarget() *ParseError {
	if len(r.Target) == 0 {
		return errTarget
	}
	for _, c := range r.Target {
		if !targetBytes[c] {
			return errTarget
		}
	}
	if string(r.Method) == "CONNECT" {
		if !ValidAuthority(r.Target) {
			return errAuthorityForm
		}
		r.Authority = r.Target
		return nil
	}
	if r.Target[0] == '/' {
		r.splitQuery(r.Target)
		return nil
	}
	if string(r.Target) == "*" {
		if string(r.Method) != "OPTIONS" {
			return errAsterisk
		}
		r.Asterisk = true
		return nil
	}
	return r.parseAbsolute()
}

// parseAbsolute parses "http://host[:port][/path][?query]". Whether Host
// agrees is seen when all fields are read.
func (r *Request) parseAbsolute() *ParseError {
	colon := bytes.IndexByte(r.Target, ':')
	if colon < 0 || !bytes.HasPrefix(r.Target[colon:], []byte("://")) {
		return errAuthorityForm
	}
	scheme, rest := r.Target[:colon], r.Target[colon+len("://"):]
	if !EqualFold(scheme, "http") && !EqualFold(scheme, "https") {
		return errScheme
	}
	end := bytes.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	if !ValidAuthority(rest[:end]) {
		return errTargetAuthority
	}
	r.Scheme, r.Authority = scheme, rest[:end]
	r.splitQuery(rest[end:])
	if len(r.Path) == 0 {
		r.Path = r.Target[colon+1 : colon+2 : colon+2] // a "/" of "://"
	}
	return nil
}

func (r *Request) splitQuery(b []byte) {
	mark := bytes.IndexByte(b, '?')
	if mark < 0 {
		r.Path = b
		return
	}
	r.Path, r.Query, r.HasQuery = b[:mark], b[mark+1:], true
}

// parseField parses "name: value" and reads what frames or routes.
func (r *Request) parseField(line []byte) *ParseError {
	colon := 0
	for colon < len(line) && tokenBytes[line[colon]] {
		colon++
	}
	if colon == 0 && isBlank(line[0]) {
		return errFolded
	}
	if colon == 0 || colon == len(line) || line[colon] != ':' {
		return errName
	}
	value := trim(line[colon+1:])
	f := Field{Name: line[:colon:colon], Value: value[:len(value):len(value)]}
	r.Fields = append(r.Fields, f)

	switch len(f.Name) {
	case len("Host"):
		if EqualFold(f.Name, "Host") {
			return r.readHost(f.Value)
		}
	case len("Expect"):
		if EqualFold(f.Name, "Expect") {
			r.readExpect(f.Value)
		}
	case len("Connection"):
		if EqualFold(f.Name, "Connection") {
			r.readConnection(f.Value)
		}
	case len("Content-Length"):
		if EqualFold(f.Name, "Content-Length") {
			return r.readLength(f.Value)
		}
	case len("Transfer-Encoding"):
		if EqualFold(f.Name, "Transfer-Encoding") {
			return r.readCoding(f.Value)
		}
	}
	return nil
}

func (r *Request) readHost(value []byte) *ParseError {
	if r.host != nil {
		return errManyHosts
	}
	if !ValidAuthority(value) {
		return errHost
	}
	r.host = value
	return nil
}

func (r *Request) readExpect(value []byte) {
	if EqualFold(value, "100-continue") {
		r.Expect100 = true
		return
	}
	r.seen.badExpect = true // told only if nothing worse is found
}

func (r *Request) readConnection(value []byte) {
	r.Close = r.Close || listHas(value, "close")
	r.KeepAlive10 = r.KeepAlive10 || listHas(value, "keep-alive")
}

func (r *Request) readLength(value []byte) *ParseError {
	if r.seen.contentLength {
		return errManyLengths
	}
	n, ok := ParseUint(value)
	if !ok {
		return errLength
	}
	r.ContentLength, r.seen.contentLength = n, true
	return nil
}

func (r *Request) readCoding(value []byte) *ParseError {
	if r.seen.transferEncoding || !EqualFold(value, "chunked") || r.Minor == 0 {
		return errCoding
	}
	r.Chunked, r.seen.transferEncoding = true, true
	return nil
}

// finish judges the fields together.
func (r *Request) finish() *ParseError {
	if r.seen.contentLength && r.seen.transferEncoding {
		return errLengthAndCoding
	}
	if r.host == nil && r.Minor == 1 {
		return errNoHost
	}
	switch {
	case r.Authority == nil:
		r.Authority = r.host
	case r.Scheme != nil && r.host != nil && !sameAuthority(r.Authority, r.host, r.Scheme):
		return errDifferentHost
	}
	if (r.ContentLength > 0 || r.Chunked) && hasNoBody(r.Method) {
		return errBody
	}
	if r.seen.badExpect {
		return errExpect
	}
	if r.Minor == 0 {
		r.Expect100 = false // RFC 9110, 10.1.1: a 1.0 client cannot read 100
		r.KeepAlive10 = r.KeepAlive10 && !r.Close
		r.Close = !r.KeepAlive10
	} else {
		r.KeepAlive10 = false
	}
	if string(r.Method) == "CONNECT" {
		r.Close, r.KeepAlive10 = true, false
	}
	return nil
}

// hasNoBody reports whether a body on method has no meaning, so that one that
// comes is a trick (RFC 9110, 9.3.1).
func hasNoBody(method []byte) bool {
	switch string(method) {
	case "GET", "HEAD", "OPTIONS":
		return true
	}
	return false
}

// All faults of a head. They are values, so that refusing costs nothing.
var (
	errBareLF          = &ParseError{400, "line ends in a bare LF, not CRLF"}
	errBareCR          = &ParseError{400, "CR without LF"}
	errControl         = &ParseError{400, "control byte"}
	errLongLine        = &ParseError{414, "request line too long"}
	errLongField       = &ParseError{431, "field line too long"}
	errLongHead        = &ParseError{431, "field lines too long together"}
	errManyFields      = &ParseError{431, "too many field lines"}
	errEmptyLines      = &ParseError{400, "more than one empty line before the request line"}
	errMethod          = &ParseError{400, "method is not a token"}
	errVersion         = &ParseError{400, "request line does not end in an HTTP version"}
	errOtherVersion    = &ParseError{505, "HTTP version other than 1.0 and 1.1"}
	errTarget          = &ParseError{400, "byte in the target that must be escaped, or no target"}
	errAsterisk        = &ParseError{400, `target "*" with a method other than OPTIONS`}
	errAuthorityForm   = &ParseError{400, `target is neither a path nor an absolute URL; CONNECT alone takes host:port`}
	errScheme          = &ParseError{400, "scheme of the target other than http and https"}
	errTargetAuthority = &ParseError{400, "invalid host in the target, or user info"}
	errFolded          = &ParseError{400, "field line begins with a blank"}
	errName            = &ParseError{400, "field name is not a token with a colon behind it"}
	errManyHosts       = &ParseError{400, "more than one Host"}
	errHost            = &ParseError{400, "invalid Host"}
	errNoHost          = &ParseError{400, "no Host"}
	errDifferentHost   = &ParseError{400, "Host differs from the target's"}
	errManyLengths     = &ParseError{400, "more than one Content-Length"}
	errLength          = &ParseError{400, "Content-Length is not a number"}
	errCoding          = &ParseError{400, `Transfer-Encoding other than one "chunked", or in HTTP/1.0`}
	errLengthAndCoding = &ParseError{400, "both Content-Length and Transfer-Encoding"}
	errBody            = &ParseError{400, "body on GET, HEAD or OPTIONS"}
	errExpect          = &ParseError{417, "Expect other than 100-continue"}
)
