package cdnfield

import (
	"math"
	"strings"
	"testing"
)

func TestCacheStatus(t *testing.T) {
	tests := []struct {
		status CacheStatus
		want   string
	}{
		{CacheStatus{}, "cistern"},
		// RFC 9211, 3.
		{CacheStatus{Hit: true, HasTTL: true, TTL: 376}, "cistern; hit; ttl=376"},
		{CacheStatus{Fwd: FwdURIMiss}, "cistern; fwd=uri-miss"},
		{CacheStatus{Fwd: FwdStale, FwdStatus: 304}, "cistern; fwd=stale; fwd-status=304"},
		{CacheStatus{Fwd: FwdURIMiss, Stored: true, Collapsed: true}, "cistern; fwd=uri-miss; stored; collapsed"},
		{CacheStatus{Fwd: FwdURIMiss, Detail: "cached"}, "cistern; fwd=uri-miss; detail=cached"},

		{CacheStatus{Hit: true, Fwd: FwdMiss, HasTTL: true}, "cistern; hit; ttl=0"},
		{CacheStatus{Hit: true, HasTTL: true, TTL: -412}, "cistern; hit; ttl=-412"},
		{CacheStatus{Fwd: FwdStale, HasTTL: true, TTL: -7}, "cistern; fwd=stale; ttl=-7"},
		{CacheStatus{Fwd: FwdPartial, FwdStatus: 206, HasTTL: true, TTL: 60, Stored: true}, "cistern; fwd=partial; fwd-status=206; ttl=60; stored"},
		{CacheStatus{HasTTL: true, TTL: math.MaxInt64}, "cistern; ttl=999999999999999"},
		{CacheStatus{HasTTL: true, TTL: math.MinInt64}, "cistern; ttl=-999999999999999"},
		{CacheStatus{Detail: `two "words" \ and` + "\r\n\xff"}, `cistern; detail="two \"words\" \\ and???"`},
		{CacheStatus{Detail: "1st"}, `cistern; detail="1st"`},
		{CacheStatus{Detail: "*a:b/c"}, `cistern; detail=*a:b/c`},
	}
	for _, tt := range tests {
		got := string(tt.status.Append([]byte("other; hit, ")))
		if got != "other; hit, "+tt.want {
			t.Errorf("Append of %+v = %q; want %q behind what was there", tt.status, got, tt.want)
		}
		// As a parameter of a dictionary's member, every member must parse.
		if _, err := ParseDictionary([]byte(strings.TrimPrefix(got, "other; hit, "))); err != nil {
			t.Errorf("%q: %v", got, err)
		}
	}
}

func TestProxyStatus(t *testing.T) {
	for _, tt := range []struct {
		errorType string
		received  int
		want      string
	}{
		{ProxyConfigurationError, 403, "cistern; error=proxy_configuration_error; received-status=403"},
		{ConnectionTimeout, 0, "cistern; error=connection_timeout"},
	} {
		if got := string(AppendProxyStatus(nil, tt.errorType, tt.received)); got != tt.want {
			t.Errorf("AppendProxyStatus(%s, %d) = %q; want %q", tt.errorType, tt.received, got, tt.want)
		}
	}
}

// The statuses are those of RFC 9209, 2.3.1 to 2.3.32, in its order.
func TestErrorStatus(t *testing.T) {
	for _, tt := range []struct {
		errorType string
		want      int
	}{
		{DNSTimeout, 504},
		{DNSError, 502},
		{DestinationNotFound, 500},
		{DestinationUnavailable, 503},
		{DestinationIPProhibited, 502},
		{DestinationIPUnroutable, 502},
		{ConnectionRefused, 502},
		{ConnectionTerminated, 502},
		{ConnectionTimeout, 504},
		{ConnectionReadTimeout, 504},
		{ConnectionWriteTimeout, 504},
		{ConnectionLimitReached, 503},
		{TLSProtocolError, 502},
		{TLSCertificateError, 502},
		{TLSAlertReceived, 502},
		{HTTPRequestError, 400},
		{HTTPRequestDenied, 403},
		{HTTPResponseIncomplete, 502},
		{HTTPResponseHeaderSectionSize, 502},
		{HTTPResponseHeaderSize, 502},
		{HTTPResponseBodySize, 502},
		{HTTPResponseTrailerSectionSize, 502},
		{HTTPResponseTrailerSize, 502},
		{HTTPResponseTransferCoding, 502},
		{HTTPResponseContentCoding, 502},
		{HTTPResponseTimeout, 504},
		{HTTPUpgradeFailed, 502},
		{HTTPProtocolError, 502},
		{ProxyInternalResponse, 500},
		{ProxyInternalError, 500},
		{ProxyConfigurationError, 502}, // ours; the RFC has 500
		{ProxyLoopDetected, 502},
		{"no_such_type", 0},
	} {
		if got := ErrorStatus(tt.errorType); got != tt.want {
			t.Errorf("ErrorStatus(%s) = %d; want %d", tt.errorType, got, tt.want)
		}
	}
}

func TestAppendAllocatesNothing(t *testing.T) {
	buf := make([]byte, 0, 256)
	status := CacheStatus{Fwd: FwdStale, FwdStatus: 304, HasTTL: true, TTL: -3, Stored: true, Detail: "two words"}
	viewer := []byte(`foo123.foocdn.example, "cistern"`)
	if n := testing.AllocsPerRun(100, func() {
		status.Append(buf)
		AppendProxyStatus(buf, DNSError, 502)
		AppendCDNLoop(buf, viewer, "cistern")
		CDNLoopCount(viewer, "cistern")
	}); n != 0 {
		t.Errorf("%v allocations; want 0", n)
	}
}

func BenchmarkCacheStatus(b *testing.B) {
	buf := make([]byte, 0, 256)
	status := CacheStatus{Hit: true, HasTTL: true, TTL: 376}
	b.ReportAllocs()
	for b.Loop() {
		buf = status.Append(buf[:0])
	}
}
