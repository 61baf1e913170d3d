package app

import "testing"

func TestFindMisspelt(t *testing.T) {
	known := []string{
		"CISTERN_ADMIN_TOKEN", "CISTERN_TOKEN", "CISTERN_API", "CISTERN_API_ADDR", "CISTERN_API_CERT", "CISTERN_HTTP", "CISTERN_HTTPS", "CISTERN_OPS",
		"CISTERN_CACHE_MEMORY", "CISTERN_DRAIN_TIMEOUT", "CISTERN_CONFIG", "CISTERN_LOG_LEVEL",
	}
	tests := []struct{ name, want string }{
		{"CISTERN_ADMIN_TOKN", "CISTERN_ADMIN_TOKEN"},
		{"CISTERN_ADMINTOKEN", "CISTERN_ADMIN_TOKEN"},
		{"CISTERN_CACHE_MEM", "CISTERN_CACHE_MEMORY"},
		{"CISTERN_CACHE_MEMROY", "CISTERN_CACHE_MEMORY"},
		{"CISTERN_CACHE_MEMORY_SIZE", "CISTERN_CACHE_MEMORY"},
		{"CISTERN_HTPT", "CISTERN_HTTP"},
		{"CISTERN_http", "CISTERN_HTTP"},
		{"CISTERN_LOGLEVEL", "CISTERN_LOG_LEVEL"},
		{"CISTERN_DRAIN_TIME", "CISTERN_DRAIN_TIMEOUT"},

		{"CISTERN_HTTP", ""},
		{"CISTERN_ADMIN_TOKEN", ""},
		{"CISTERN_SERVICE_HOST", ""}, // of Kubernetes, as are those below
		{"CISTERN_PORT", ""},
		{"CISTERN_PORT_8080_TCP_ADDR", ""},
		{"CISTERN_API_SERVICE_PORT", ""},
		{"CISTERN_API_PORT", ""},
		{"CISTERN_", ""},
		{"HTPT", ""},
	}
	for _, tt := range tests {
		got := FindMisspelt([]string{"PATH=/bin", tt.name + "=secret=1"}, known)
		switch {
		case tt.want == "" && got == nil:
		case len(got) == 1 && got[0] == (Misspelt{tt.name, tt.want}):
		default:
			t.Errorf("FindMisspelt(%s) = %v; want %q", tt.name, got, tt.want)
		}
	}
}
