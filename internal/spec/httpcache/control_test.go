package httpcache

import (
	"strings"
	"testing"

	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
)

// FuzzCacheControl checks that no text hides a prohibition that follows it,
// that verdicts keep their promises, and that permissions are never guessed.
func FuzzCacheControl(f *testing.F) {
	for _, seed := range []string{
		"max-age=60, stale-while-revalidate=5",
		`private="a, b", no-cache=c, s-maxage="7"`,
		`a="b\", c", max-age = 1`,
		`a="b, max-age=9`,
		`;;,=,"",max-age=99999999999999999999`,
	} {
		f.Add(seed, int64(0))
	}
	f.Fuzz(func(t *testing.T, value string, after int64) {
		line := func(s string) httpmsg.Fields {
			return httpmsg.Fields{
				{Name: []byte("Cache-Control"), Value: []byte(s)},
				{Name: []byte("ETag"), Value: []byte(`"a"`)},
			}
		}
		in := Input{Status: 200, Fields: line(value), RequestTime: epoch, ResponseTime: epoch}
		v := Judge(&in, &Policy{StaleIfError: 60})
		now := epoch + after%MaxDelta
		switch {
		case v.Storable == (v.Reason != ReasonNone):
			t.Errorf("Judge(%q) = storable %v, reason %v", value, v.Storable, v.Reason)
		case v.Lifetime < 0 || v.Lifetime > MaxDelta:
			t.Errorf("Judge(%q): lifetime %d", value, v.Lifetime)
		case v.MustRevalidate && !v.Fresh(now) && v.ServeOnFault(Fault{Server: true, Zone: true}, now):
			t.Errorf("Judge(%q) may be served stale", value)
		case v.Fresh(now) && now >= v.StaleUntil():
			t.Errorf("Judge(%q) is fresh beyond StaleUntil", value)
		case v.Lifetime > 0 && !strings.Contains(strings.ToLower(value), "max"):
			t.Errorf("Judge(%q): lifetime %d", value, v.Lifetime)
		}
		in.Fields = line(value + ", no-store")
		if v := Judge(&in, &Policy{}); v.Storable && !readControl(in.Fields).mustUnderstand {
			t.Errorf("no-store is hidden by %q", value)
		}
		in.Fields = append(line(value), lines("Cache-Control: private")...)
		if v := Judge(&in, &Policy{}); v.Storable {
			t.Errorf("private on its own line is hidden by %q", value)
		}
		ParseRequest(line(value))
	})
}

// browser is the head of a typical request of a browser that reloads.
func browser() httpmsg.Fields {
	return lines("Host: cdn.example", "Connection: keep-alive", "User-Agent: Mozilla/5.0 (X11; Linux x86_64)",
		"Accept: image/avif,image/webp,*/*;q=0.8", "Accept-Encoding: gzip, deflate, br, zstd",
		"Accept-Language: en-GB,en;q=0.5", "Cache-Control: max-age=0", "Referer: https://www.example/",
		"If-Modified-Since: @-1000", `If-None-Match: W/"b", "a"`)
}

func TestHitAllocatesNothing(t *testing.T) {
	request, v := browser(), page()
	dated := request[:len(request)-1]
	verdict := judged(Input{Fields: lines("Cache-Control: max-age=60")}, Policy{})
	vary, key := []byte("accept-encoding,accept-language,origin"), make([]byte, 0, 256)
	checks := map[string]func(){
		"Evaluate":         func() { Evaluate(request, true, v, epoch) },
		"Evaluate dates":   func() { Evaluate(dated, true, v, epoch) },
		"IfRange":          func() { IfRange(request, v, epoch) },
		"AppendVariantKey": func() { AppendVariantKey(key, vary, request) },
		"ParseRequest":     func() { ParseRequest(request) },
		"Fresh":            func() { _, _ = verdict.Fresh(epoch), verdict.Age(epoch) },
	}
	for name, check := range checks {
		if n := testing.AllocsPerRun(100, check); n != 0 {
			t.Errorf("%s allocates %v objects", name, n)
		}
	}
}

func TestJudgeAllocatesNothing(t *testing.T) {
	in := Input{Status: 200, RequestTime: epoch, ResponseTime: epoch, Fields: lines("Date: @0", "Content-Type: image/png",
		"Cache-Control: public, max-age=60", `ETag: "a"`, "Last-Modified: @-1000", "Vary: Accept-Encoding, Origin", "Set-Cookie: a=b")}
	p := Policy{StaleIfError: 60, Heuristic: true}
	if n := testing.AllocsPerRun(100, func() { Judge(&in, &p) }); n != 0 {
		t.Errorf("Judge allocates %v objects", n)
	}
}

func BenchmarkEvaluate(b *testing.B) {
	request, v := browser(), page()
	b.ReportAllocs()
	for b.Loop() {
		Evaluate(request, true, v, epoch)
	}
}

func BenchmarkAppendVariantKey(b *testing.B) {
	request, key := browser(), make([]byte, 0, 256)
	vary := []byte("accept-encoding,origin")
	b.ReportAllocs()
	for b.Loop() {
		AppendVariantKey(key, vary, request)
	}
}

func BenchmarkJudge(b *testing.B) {
	in := Input{Status: 200, RequestTime: epoch, ResponseTime: epoch, Fields: lines("Date: @0", "Content-Type: image/png",
		"Cache-Control: public, max-age=60", `ETag: "a"`, "Last-Modified: @-1000", "Vary: Accept-Encoding, Origin")}
	p := Policy{StaleIfError: 60, Heuristic: true}
	b.ReportAllocs()
	for b.Loop() {
		Judge(&in, &p)
	}
}
