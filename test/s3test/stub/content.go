package stub

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
)

// etag returns the entity tag of the answer's body.
func (a *Answer) etag() string {
	if a.Size > 0 {
		return fmt.Sprintf(`"filler-%d"`, a.Size)
	}
	hash := sha256.Sum256(a.Body)
	return fmt.Sprintf(`"%x"`, hash[:8])
}

// A filler is an endless body: at every offset that is a multiple of eight
// stands the offset itself, so that no two blocks are equal and bytes that
// arrive at the wrong place are seen.
type filler struct{}

// ReadAt never fails.
func (filler) ReadAt(p []byte, off int64) (int, error) {
	var word [8]byte
	done := 0
	if skip := off % 8; skip != 0 {
		binary.BigEndian.PutUint64(word[:], uint64(off-skip))
		done = copy(p, word[skip:])
	}
	for done+8 <= len(p) {
		binary.BigEndian.PutUint64(p[done:], uint64(off)+uint64(done))
		done += 8
	}
	if done < len(p) {
		binary.BigEndian.PutUint64(word[:], uint64(off)+uint64(done))
		copy(p[done:], word[:])
	}
	return len(p), nil
}

// requestsKey is the context key of a connection's request counter.
type requestsKey struct{}

// countRequests gives each connection a counter.
func countRequests(ctx context.Context, _ net.Conn) context.Context {
	return context.WithValue(ctx, requestsKey{}, new(atomic.Int64))
}

// requestNumber returns the number of r on its connection, from 1.
func requestNumber(r *http.Request) int64 {
	counter, ok := r.Context().Value(requestsKey{}).(*atomic.Int64)
	if !ok {
		return 1 // not started by Start
	}
	return counter.Add(1)
}
