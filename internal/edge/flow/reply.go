package flow

import "github.com/cistern-cdn/cistern/internal/spec/httpmsg"

// A Reply is an answer as data. The transport pulls it: it writes the status,
// the block, the volatile fields (Content-Length, Age, Cache-Status, X-Cache)
// and then the body, in whatever way its protocol does that.
type Reply struct {
	Status int
	Block  *Block          // nil: an answer made by the edge; Extra holds its fields
	Age    int64           // seconds; negative: no Age field
	Extra  []httpmsg.Field // rare: Content-Range, the fields of an error
	Body   Body
	NoBody bool // HEAD, 304: Body.Len is told, if it is known, but nothing follows
	Close  bool // the connection cannot be used after this reply
}

// A Block is the response fields of an object, rendered for one header
// policy: derived, immutable and built lazily. It holds neither status line
// nor Content-Length, Age and hop-by-hop fields.
type Block struct {
	Policy uint64 // the header policy it was rendered for
	H1     []byte // "Name: value\r\n" lines
	N304   int    // the fields of a 304 are H1[:N304]
	// Control reports that Cache-Control is not among them, as it tells a
	// lifetime that depends on the age: Extra holds it.
	Control bool
}

// A Body is the part of an object that a reply sends. It is a struct, so that
// no interface is boxed on a hit. At most one of Mem and Src is set.
type Body struct {
	Mem []byte // the body, Len bytes
	Src Source // gives it from Off to Off+Len
	Off int64
	Len int64 // -1: unknown, until Src ends
}

// A Source gives a body in pieces: that of a stored object, or of one that
// still grows.
type Source interface {
	// Next returns the bytes at off, at most max of them. With no bytes yet
	// it returns nothing and calls wake once, from any goroutine, when that
	// has changed. eof reports that nothing follows the chunk. Next never
	// blocks.
	Next(off int64, max int, wake func()) (chunk []byte, eof bool, err error)

	// Sent tells that the bytes before off are no longer used. All others
	// that Next gave stay valid until Handler.Done. A transport calls it
	// whenever it has to wait, so that a body that begins far behind what is
	// there can come.
	Sent(off int64)
}
