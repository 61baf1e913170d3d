package httpmsg

import "math"

const (
	maxChunkDigits = 16
	maxExtension   = 256     // bytes of one chunk's extensions
	maxTrailers    = 8 << 10 // bytes of the trailer section
)

// A Chunked decodes a body in the chunked coding (RFC 9112, 7.1), piece by
// piece as it arrives. Extensions and trailers are checked and dropped. The
// zero value is at the start of a body; it decodes one.
//
// Nothing is guessed: no bare LF, no blank, sign or prefix at a size, no
// trailer that frames, routes or authorises.
type Chunked struct {
	state    chunkState
	left     int64 // bytes of the chunk's data that are still to come
	digits   int   // of the size, so far
	ext      int   // bytes of extensions, so far
	line     []byte
	trailers int // bytes of the trailer section, so far
}

type chunkState uint8

const (
	chunkSize    chunkState = iota // digits of the size
	chunkExt                       // extensions
	chunkLF                        // LF that ends the size line
	chunkData                      // data
	chunkDataCR                    // CR behind the data
	chunkDataLF                    // LF behind that
	chunkTrailer                   // a trailer, or the empty line at the end
	chunkLineLF                    // LF that ends it
	chunkDone
)

// Next decodes from the start of buf. It returns the first piece of the body,
// which is a part of buf, and how many bytes of buf are used up; the caller
// calls Next again with what follows them, and whatever has arrived since.
// Without data and done, all of buf is used up and more must come. done
// reports the end of the body: what follows belongs to the next request.
//
// The error is a *ParseError with status 400. Nothing that follows can be
// understood then, and what was decoded is no whole body.
func (c *Chunked) Next(buf []byte) (data []byte, n int, done bool, err error) {
	for n < len(buf) && c.state != chunkDone {
		if c.state == chunkData {
			size := min(int64(len(buf)-n), c.left)
			data = buf[n : n+int(size)]
			if c.left -= size; c.left == 0 {
				c.state = chunkDataCR
			}
			return data, n + int(size), false, nil
		}
		if fault := c.step(buf[n]); fault != nil {
			return nil, n, false, fault
		}
		n++
	}
	return nil, n, c.state == chunkDone, nil
}

// step takes one byte that is not data.
func (c *Chunked) step(b byte) *ParseError {
	switch c.state {
	case chunkSize:
		return c.sizeByte(b)
	case chunkExt:
		return c.extByte(b)
	case chunkLF:
		if b != '\n' {
			return errBareCR
		}
		c.digits, c.ext = 0, 0
		c.state = chunkData
		if c.left == 0 {
			c.state = chunkTrailer
		}
	case chunkDataCR:
		if b != '\r' {
			return errChunkEnd
		}
		c.state = chunkDataLF
	case chunkDataLF:
		if b != '\n' {
			return errChunkEnd
		}
		c.state = chunkSize
	case chunkTrailer:
		return c.trailerByte(b)
	case chunkLineLF:
		if b != '\n' {
			return errBareCR
		}
		if len(c.line) == 0 {
			c.state = chunkDone
			return nil
		}
		c.state = chunkTrailer
		return c.endTrailer()
	}
	return nil
}

func (c *Chunked) sizeByte(b byte) *ParseError {
	digit := int64(-1)
	switch {
	case isDigit(b):
		digit = int64(b - '0')
	case 'a' <= b|0x20 && b|0x20 <= 'f':
		digit = int64(b|0x20-'a') + 10
	}
	switch {
	case digit >= 0:
		if c.digits++; c.digits > maxChunkDigits || c.left > (math.MaxInt64-digit)/16 {
			return errChunkLarge
		}
		c.left = c.left*16 + digit
	case c.digits == 0:
		return errChunkSize
	case b == '\r':
		c.state = chunkLF
	case b == ';':
		c.state = chunkExt
	case b == '\n':
		return errBareLF
	default:
		return errChunkSize
	}
	return nil
}

func (c *Chunked) extByte(b byte) *ParseError {
	switch {
	case b == '\r':
		c.state = chunkLF
	case b == '\n':
		return errBareLF
	case b != '\t' && (b < ' ' || b == 0x7f):
		return errControl
	default:
		if c.ext++; c.ext > maxExtension {
			return errChunkExt
		}
	}
	return nil
}

func (c *Chunked) trailerByte(b byte) *ParseError {
	switch {
	case b == '\r':
		c.state = chunkLineLF
	case b == '\n':
		return errBareLF
	default:
		if c.trailers++; c.trailers > maxTrailers {
			return errTrailers
		}
		c.line = append(c.line, b)
	}
	return nil
}

// endTrailer checks a trailer line that is complete.
func (c *Chunked) endTrailer() *ParseError {
	line := c.line
	c.line = line[:0]
	if isBlank(line[0]) {
		return errFolded
	}
	colon := 0
	for colon < len(line) && tokenBytes[line[colon]] {
		colon++
	}
	if colon == 0 || colon == len(line) || line[colon] != ':' {
		return errName
	}
	if !ValidValue(trim(line[colon+1:])) {
		return errControl
	}
	if forbiddenTrailer(line[:colon]) {
		return errTrailerName
	}
	return nil
}

// forbiddenTrailer reports whether a field frames, routes or authorises, and
// so must be known before the body (RFC 9110, 6.5.1).
func forbiddenTrailer(name []byte) bool {
	if len(name) > len("X-Forwarded-") && EqualFold(name[:len("X-Forwarded-")], "X-Forwarded-") {
		return true
	}
	return isOneOf(name, []string{
		"Content-Length", "Transfer-Encoding", "Trailer", "TE", "Connection", "Keep-Alive", "Proxy-Connection", "Upgrade", "Expect",
		"Content-Encoding", "Content-Type", "Content-Range",
		"Host", "Forwarded", "Via", "CDN-Loop", "Max-Forwards",
		"Authorization", "Proxy-Authorization", "Cookie",
	})
}

var (
	errChunkSize   = &ParseError{400, "chunk size is not a hexadecimal number"}
	errChunkLarge  = &ParseError{400, "chunk size too large"}
	errChunkExt    = &ParseError{400, "chunk extension too long"}
	errChunkEnd    = &ParseError{400, "chunk longer than its size"}
	errTrailers    = &ParseError{400, "trailers too long"}
	errTrailerName = &ParseError{400, "trailer that frames, routes or authorises"}
)
