package fill

import (
	"bytes"
	"context"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
)

// piped is an origin whose body the test writes.
func piped(length int64) (*io.PipeWriter, func(context.Context, int, *flow.Fetch) (*flow.Answer, *flow.Fault)) {
	pr, pw := io.Pipe()
	return pw, func(ctx context.Context, _ int, _ *flow.Fetch) (*flow.Answer, *flow.Fault) {
		context.AfterFunc(ctx, func() { _ = pr.CloseWithError(ctx.Err()) })
		return answer(200, pr, length, "Cache-Control", "max-age=60"), nil
	}
}

// TestUnknownLengthIsLeft fetches a body of unknown length for 30 s more when
// nobody reads it, counted from when the last one left.
func TestUnknownLengthIsLeft(t *testing.T) {
	tests := []struct {
		name  string
		joins time.Duration // when a second viewer comes; 0: none
		stays bool          // to the end
		end   time.Duration // when the body ends
		whole bool
	}{
		{name: "ends in time", end: 29 * time.Second, whole: true},
		{name: "takes too long", end: 31 * time.Second},
		{name: "another viewer reads on", joins: 10 * time.Second, stays: true, end: 90 * time.Second, whole: true},
		{name: "another viewer begins the time anew", joins: 10 * time.Second, end: 39 * time.Second, whole: true},
		{name: "another viewer, too long", joins: 10 * time.Second, end: 41 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pw, origin := piped(-1)
				f, store, _ := start(t, origin)
				begun := time.Now()
				first := viewer(f, "/a")
				f.Fill(first)
				first.Release()
				var second *flow.Exchange
				if tt.joins > 0 {
					time.Sleep(tt.joins)
					second = viewer(f, "/a")
					f.Fill(second)
					if !tt.stays {
						second.Release()
					}
				}
				time.Sleep(tt.end - time.Since(begun))
				synctest.Wait()
				_, err := pw.Write([]byte("body"))
				_ = pw.Close()
				synctest.Wait()
				if o, _ := store.Get([]byte("/a"), nil); (o != nil) != tt.whole || (err == nil) != tt.whole {
					t.Errorf("stored %t, write: %v; want whole %t", o != nil, err, tt.whole)
				}
				if tt.stays {
					if b, err := readAll(second); err != nil || string(b) != "body" {
						t.Errorf("second viewer reads %q, %v", b, err)
					}
				}
			})
		})
	}
}

// TestLeaderLeavesWhileOthersWait cuts nobody off who joined the flight and
// has not begun to read when the leader goes.
func TestLeaderLeavesWhileOthersWait(t *testing.T) {
	const length = finishBytes + 200
	for _, reads := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			gate := make(chan struct{})
			pw, origin := piped(length)
			f, store, _ := start(t, func(ctx context.Context, n int, fe *flow.Fetch) (*flow.Answer, *flow.Fault) {
				<-gate
				return origin(ctx, n, fe)
			})
			store.limit = 2 * length
			leader, waiter := viewer(f, "/a"), viewer(f, "/a")
			var wg sync.WaitGroup
			wg.Go(func() { f.Fill(leader) })
			synctest.Wait()
			fl, leads := f.join(waiter, false)
			if leads {
				t.Fatal("two flights for one key")
			}
			close(gate)
			wg.Wait()
			leader.Release()
			synctest.Wait()
			if reads && !f.take(waiter, fl, false) {
				t.Error("nothing to read")
			}
			f.waited(fl)
			written := make(chan error)
			go func() {
				_, err := pw.Write(make([]byte, length))
				_ = pw.Close()
				written <- err
			}()
			if reads {
				if b, err := readAll(waiter); err != nil || len(b) != length {
					t.Errorf("read %d bytes, %v", len(b), err)
				}
			}
			if err := <-written; (err == nil) != reads {
				t.Errorf("reads %t, write: %v", reads, err)
			}
		})
	}
}

// TestPurgedIsNotFetchedForNobody ends a fetch that cannot be stored when its
// viewer leaves.
func TestPurgedIsNotFetchedForNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pw, origin := piped(100)
		f, store, _ := start(t, origin)
		x := viewer(f, "/a")
		f.Fill(x)
		store.purge()
		x.Release()
		synctest.Wait()
		if _, err := pw.Write(make([]byte, 100)); err == nil {
			t.Error("the fetch goes on")
		}
	})
}

// TestAbort lets go of all who wait.
func TestAbort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _, _ := start(t, func(ctx context.Context, _ int, _ *flow.Fetch) (*flow.Answer, *flow.Fault) {
			<-ctx.Done()
			return nil, &flow.Fault{Status: 502, Err: context.Cause(ctx)}
		})
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				x := viewer(f, "/a")
				f.Fill(x)
				if x.Fault == nil {
					t.Error("an answer from nowhere")
				}
			})
		}
		synctest.Wait()
		begun := time.Now()
		f.Abort()
		wg.Wait()
		x := viewer(f, "/b")
		f.Fill(x)
		if x.Fault == nil || time.Since(begun) != 0 {
			t.Errorf("after Abort: fault %v, %v later", x.Fault, time.Since(begun))
		}
	})
}

// TestManyReaders is the whole of a fill under load: viewers come and
// leave at all times, and each gets the same bytes.
func TestManyReaders(t *testing.T) {
	body := make([]byte, 3<<20+7)
	for i := range body {
		body[i] = byte(i*31 + i>>8)
	}
	for _, length := range []int64{int64(len(body)), -1} {
		f, store, origin := start(t, func(context.Context, int, *flow.Fetch) (*flow.Answer, *flow.Fault) {
			return answer(200, bytes.NewReader(body), length, "Cache-Control", "max-age=60"), nil
		})
		store.limit = int64(len(body))
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				x := viewer(f, "/a")
				if x.Found == nil {
					f.Fill(x)
				}
				if i%5 == 0 {
					x.Release()
					return
				}
				if b, err := readAll(x); err != nil || !bytes.Equal(b, body) {
					t.Errorf("length %d: read %d bytes, %v", length, len(b), err)
				}
			})
		}
		wg.Wait()
		if origin.count() != 1 {
			t.Errorf("length %d: fetches = %d, want 1", length, origin.count())
		}
	}
}
