package httpcache

import "testing"

func TestAppendBrowserControl(t *testing.T) {
	tests := []struct {
		name     string
		fields   []string
		ttl, age int64
		want     string
		ok       bool
	}{
		{"no field", nil, 60, 0, "max-age=60", true},
		{"age is added", []string{"Cache-Control: max-age=5"}, 60, 7, "max-age=67", true},
		{"never above 2^31", nil, MaxDelta, 7, "max-age=2147483648", true},
		{"kept directives", []string{"Cache-Control: Must-Revalidate, no-transform", "Cache-Control: s-maxage=5, IMMUTABLE, public, foo"}, 60, 0, "max-age=60, public, immutable, no-transform, must-revalidate", true},
		{"kept only outside of quoted strings", []string{`Cache-Control: a="public"`}, 60, 0, "max-age=60", true},
		{"0", []string{"Cache-Control: public, max-age=5"}, 0, 7, "no-cache", true},
		{"no-store stays", []string{"Cache-Control: no-store"}, 60, 0, "", false},
		{"private stays", []string{"Cache-Control: max-age=5", "Cache-Control: private"}, 0, 0, "", false},
		{"targeted fields are not for viewers", []string{"CDN-Cache-Control: no-store, public"}, 60, 0, "max-age=60", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := AppendBrowserControl(nil, lines(tt.fields...), tt.ttl, tt.age)
			if string(got) != tt.want || ok != tt.ok {
				t.Errorf("AppendBrowserControl(%q, %d, %d) = %q, %v; want %q, %v", tt.fields, tt.ttl, tt.age, got, ok, tt.want, tt.ok)
			}
		})
	}
}
