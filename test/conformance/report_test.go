package conformance

// reports is about what an answer says of the way that it came: Cache-Status
// (RFC 9211) and X-Cache. The words that go with each source are checked in
// all cases of the suite; here stands the rest.
func reports() []scenario {
	return []scenario{
		{name: "a miss that is stored", rfc: "9211 2", steps: []step{
			{origin: with("Cache-Control: max-age=3600"), from: fetched, want: []string{"X-Cache: MISS", `Cache-Status ~ ^cistern; ?fwd=uri-miss; ?fwd-status=200; ?stored$`}},
		}},
		{name: "a miss that is not stored", rfc: "9211 2.4", steps: []step{
			{origin: with("Cache-Control: no-store"), from: fetched, want: []string{"X-Cache: MISS", `Cache-Status ~ ^cistern; ?fwd=uri-miss; ?fwd-status=200$`}},
		}},
		{name: "a miss with an error", rfc: "9211 2.3", steps: []step{
			{origin: says(404), from: fetched, want: []string{"X-Cache: MISS", `Cache-Status ~ ^cistern; ?fwd=uri-miss; ?fwd-status=404\b`}},
		}},
		{name: "a hit", rfc: "9211 2.4", steps: []step{
			{origin: with("Cache-Control: max-age=3600", "Age: 1000"), from: fetched},
			{from: stored, want: []string{"X-Cache: HIT", `Cache-Status ~ ^cistern; ?hit; ?ttl=2[56]\d\d$`}},
		}},
		{name: "a hit of a redirect", rfc: "9211 2", steps: []step{
			{origin: says(301, "Cache-Control: max-age=3600", "Location: /b"), from: fetched},
			{from: stored, want: []string{`Cache-Status ~ ^cistern; ?hit; ?ttl=3[56]\d\d$`}},
		}},
		{name: "a hit of a part", rfc: "9211 2", steps: []step{
			{origin: whole(), from: fetched},
			part(0, 9, "Range: bytes=0-9"),
		}},
		{name: "a hit with 304", rfc: "9211 2", steps: []step{
			{origin: with("Cache-Control: max-age=3600", `ETag: "a"`), from: fetched},
			{send: fields(`If-None-Match: "a"`), from: stored, status: 304, want: []string{"X-Cache: HIT", `Cache-Status ~ ^cistern; ?hit; ?ttl=`}},
		}},
		{name: "stale that is replaced", rfc: "9211 2.2", steps: []step{
			{origin: stale(`ETag: "a"`), from: fetched},
			{origin: with("Cache-Control: max-age=3600"), from: fetched, want: []string{"X-Cache: MISS", `Cache-Status ~ ^cistern; ?fwd=stale; ?fwd-status=200; ?stored$`}},
		}},
		{name: "stale that is validated", rfc: "9211 2.3", steps: []step{
			{origin: stale(`ETag: "a"`), from: fetched},
			{origin: says(304, `ETag: "a"`), from: validated, want: []string{"X-Cache: REVALIDATED", `Cache-Status ~ ^cistern; ?fwd=stale; ?fwd-status=304\b`}},
		}},
		{name: "stale as the origin is gone", rfc: "9211 2", steps: []step{
			{origin: old(""), from: fetched},
			{origin: dropped(), from: staleFailed, want: []string{"X-Cache: STALE", `Cache-Status ~ ^cistern; ?fwd=stale; ?ttl=-\d+$`}},
		}},
		{name: "stale as the origin fails", rfc: "9211 2", steps: []step{
			{origin: old(", stale-if-error=3600"), from: fetched},
			{origin: says(502), from: staleFailed, want: []string{"X-Cache: STALE", `Cache-Status ~ ^cistern; ?fwd=stale; ?fwd-status=502; ?ttl=-\d+$`}},
		}},
		{name: "stale while the origin is asked", rfc: "9211 2", steps: []step{
			{origin: old(", stale-while-revalidate=3600"), from: fetched},
			{origin: with(), from: staleBehind, like: 1, want: []string{"X-Cache: STALE", `Cache-Status ~ ^cistern; ?hit; ?ttl=-\d+$`}},
		}},
		{name: "an error of the edge", rfc: "9209 2", steps: []step{
			{origin: dropped(), from: failed, status: 502, want: []string{"X-Cache: ERROR", "!Cache-Status", "Cache-Control: no-store", "X-Request-Id"}},
		}},
		{name: "another method", rfc: "9211 2.2", zone: anyMethod(), steps: []step{
			{method: "POST", origin: with(), from: passed, want: []string{"X-Cache: BYPASS", `Cache-Status ~ ^cistern; ?fwd=method; ?fwd-status=200$`}},
		}},
		{name: "what is known not to be stored", rfc: "9211 2.2", steps: []step{
			{origin: with("Cache-Control: no-store"), from: fetched},
			{origin: with("Cache-Control: no-store"), from: fetched, want: []string{"X-Cache: BYPASS", `Cache-Status ~ ^cistern; ?fwd=bypass; ?fwd-status=200$`}},
		}},
		{name: "the caches before", rfc: "9211 2", steps: []step{
			{origin: with("Cache-Control: max-age=3600", "Cache-Status: inner; hit; ttl=5"), from: fetched, want: []string{`Cache-Status ~ ^inner; hit; ttl=5, cistern; ?fwd=uri-miss`}},
			{from: stored, want: []string{`Cache-Status ~ ^inner; hit; ttl=5, cistern; ?hit`}},
		}},
		{name: "X-Cache of the origin is replaced", rfc: "spec", steps: []step{
			{origin: with("Cache-Control: max-age=3600", "X-Cache: inner"), from: fetched, want: []string{"X-Cache: MISS"}},
			{from: stored, want: []string{"X-Cache: HIT"}},
		}},
		{name: "the key is nobody's business", rfc: "9211 2.7", steps: []step{
			{origin: with("Cache-Control: max-age=3600"), from: fetched, want: []string{`Cache-Status ~ ^[^k]*$`}},
		}},
		{name: "HEAD", rfc: "9211 2", steps: []step{
			{method: "HEAD", origin: with("Cache-Control: max-age=3600"), from: fetched, want: []string{"X-Cache: MISS", `Cache-Status ~ ^cistern; ?fwd=uri-miss; ?fwd-status=200`}},
		}},
	}
}
