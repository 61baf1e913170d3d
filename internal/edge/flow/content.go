package flow

import "io"

// A Content is the content of a viewer's request, read while it arrives. A
// transport makes it; Reads come one at a time, from any goroutine, also after
// Handler.Done, when they fail.
type Content interface {
	// Read reads, waiting for the viewer. Its error is io.EOF after the last
	// byte of the whole, else a *ContentFault: the content is not whole then,
	// and nothing may be made to look as if it were.
	io.Reader
	// Length returns the number of bytes announced; -1: unknown.
	Length() int64
	// Fault returns what is wrong with the content, as far as is known; nil:
	// nothing yet. It may be called at any time.
	Fault() *ContentFault
}

// A ContentFault is content of a request that cannot be forwarded.
type ContentFault struct {
	Status int    // for the viewer; 499: it has gone
	Reason string // one phrase, without any byte of the request
}

// Error returns the reason as a sentence.
func (f *ContentFault) Error() string { return "read request content: " + f.Reason }
