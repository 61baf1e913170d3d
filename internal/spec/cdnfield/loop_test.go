package cdnfield

import "testing"

func TestCDNLoop(t *testing.T) {
	tests := []struct {
		value string
		count int    // of cistern in value
		want  string // what goes to the origin
	}{
		{"", 0, "cistern"},
		{" \t", 0, "cistern"},
		// RFC 8586, 2.
		{"foo123.foocdn.example, barcdn.example; trace=\"abcdef\"", 0, "foo123.foocdn.example, barcdn.example; trace=\"abcdef\", cistern"},
		{"AnotherCDN; abc=123; def=\"456\"", 0, "AnotherCDN; abc=123; def=\"456\", cistern"},

		{"cistern", 1, "cistern, cistern"},
		{"other, Cistern ;v=1,cistern", 2, "other, Cistern ;v=1,cistern, cistern"},
		{"\tcistern\t", 1, "cistern, cistern"},
		{"cistern-b, xcistern, cistern.example, cistern:80", 0, "cistern-b, xcistern, cistern.example, cistern:80, cistern"},
		{"foo; by=cistern", 0, "foo; by=cistern, cistern"},
		{"foo; by=\"x, cistern\"", 0, "foo; by=\"x, cistern\", cistern"},
		{"foo; by=\"x\\\", cistern, \"", 0, "foo; by=\"x\\\", cistern, \", cistern"},
		{"foo; by=\"x;\", cistern", 1, "foo; by=\"x;\", cistern, cistern"},
		{",, ,", 0, ",, ,, cistern"},
		{"foo; by=\"x", 0, "cistern, foo; by=\"x"},
		{"foo; by=\"x\\", 0, "cistern, foo; by=\"x\\"},
	}
	for _, tt := range tests {
		if got := CDNLoopCount([]byte(tt.value), "cistern"); got != tt.count {
			t.Errorf("CDNLoopCount(%q) = %d; want %d", tt.value, got, tt.count)
		}
		got := AppendCDNLoop(nil, []byte(tt.value), "cistern")
		if string(got) != tt.want {
			t.Errorf("AppendCDNLoop(%q) = %q; want %q", tt.value, got, tt.want)
		}
		if n := CDNLoopCount(got, "CISTERN"); n != tt.count+1 {
			t.Errorf("after one more hop CDNLoopCount(%q) = %d; want %d", got, n, tt.count+1)
		}
	}
}

// Whatever a viewer sends, the next hop finds what this one added.
func FuzzCDNLoop(f *testing.F) {
	f.Add([]byte(`foo; by="x`))
	f.Add([]byte(`a, b;c="d\",e"`))
	f.Fuzz(func(t *testing.T, value []byte) {
		before := CDNLoopCount(value, "cistern")
		sent := AppendCDNLoop(nil, value, "cistern")
		if after := CDNLoopCount(sent, "cistern"); after != before+1 {
			t.Fatalf("CDNLoopCount(%q) = %d; want %d", sent, after, before+1)
		}
	})
}
