//go:build !race

package h1

import "testing"

// The race detector makes sync.Pool drop what it is given, so this test is
// not built with it.
func TestHitAllocatesNothing(t *testing.T) {
	for name, f := range map[string]func(*testing.B){"small": BenchmarkSmallHit, "large": BenchmarkLargeHit} {
		if r := testing.Benchmark(f); r.N == 0 || r.AllocsPerOp() != 0 {
			t.Errorf("a %s hit allocates %d objects, %d bytes in %d runs", name, r.AllocsPerOp(), r.AllocedBytesPerOp(), r.N)
		}
	}
}
