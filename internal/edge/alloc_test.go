//go:build !race

package edge

import "testing"

// The race detector makes sync.Pool drop what it is given, so this test is
// not built with it.
func TestHitAllocatesNothing(t *testing.T) {
	for name, benchmark := range map[string]func(*testing.B){"alone": BenchmarkHit, "among purges": BenchmarkHitAmongPurges} {
		if r := testing.Benchmark(benchmark); r.AllocsPerOp() != 0 {
			t.Errorf("a hit %s allocates %d objects, %d bytes", name, r.AllocsPerOp(), r.AllocedBytesPerOp())
		}
	}
}
