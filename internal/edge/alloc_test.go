//go:build !race

package edge

import "testing"

// The race detector makes sync.Pool drop what it is given, so this test is
// not built with it.
func TestHitAllocatesNothing(t *testing.T) {
	if r := testing.Benchmark(BenchmarkHit); r.AllocsPerOp() != 0 {
		t.Errorf("a hit allocates %d objects, %d bytes", r.AllocsPerOp(), r.AllocedBytesPerOp())
	}
}
