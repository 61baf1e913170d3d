package sigv4

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cistern-cdn/cistern/internal/spec/objkey"
)

// The example key of the AWS documentation.
var (
	example = Credentials{AccessKey: "AKIAIOSFODNN7EXAMPLE", Secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
	day2013 = time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC)
)

func lookup(creds ...Credentials) func(string) (Credentials, bool) {
	return func(key string) (Credentials, bool) {
		for _, c := range creds {
			if c.AccessKey == key {
				return c, true
			}
		}
		return Credentials{}, false
	}
}

func TestDerive(t *testing.T) {
	got := derive(example.Secret, "20130524", "us-east-1", "s3")
	const want = "dbb893acc010964918f1fd433add87c70e8b0db6be30c1fbeafefa5ec6ba8378"
	if hex.EncodeToString(got[:]) != want {
		t.Errorf("derive = %x; want %s", got, want)
	}
}

// sent returns the request that h signs.
func sent(m Method, host, path, query string, h Headers) *Request {
	r := &Request{Method: m.String(), Host: host, Path: path, Query: query, Header: map[string][]string{
		"Authorization":        {h.Authorization},
		"X-Amz-Date":           {h.Date},
		"X-Amz-Content-Sha256": {h.ContentSHA256},
		"User-Agent":           {"Cistern"},
	}}
	if h.Token != "" {
		r.Header["X-Amz-Security-Token"] = []string{h.Token}
	}
	return r
}

func TestVectors(t *testing.T) {
	tests := []struct {
		name      string
		host      string
		path      string
		region    string
		payload   Payload
		canonical string // beginning of the SHA-256 of the canonical request
		want      string
	}{
		{
			name: "V2", host: "examplebucket.s3.amazonaws.com", path: "/test.txt", region: "us-east-1",
			canonical: "1af7e408219990ea",
			want:      "5c0d4ff29e72b8f94c5b6720369921e587e39bf7a64e456887dec4b43a2d1b77",
		},
		{
			name: "V2e", host: "examplebucket.s3.amazonaws.com", path: "/test.txt", region: "us-east-1", payload: PayloadEmpty,
			canonical: "e155673fa5bcd4b8",
			want:      "df548e2ce037944d03f3e68682813b093763996d597cf890ca3d9037fd231eb4",
		},
		{
			name: "V3", host: "acct.r2.cloudflarestorage.com", region: "auto",
			path:      "/my-media/a%20b/%E4%BD%A0%2B%26/..//x~y%2A%27%28%29.txt",
			canonical: "4fd9bed0cc626a8c",
			want:      "54080a420313ac278b120650dba0eaa21473151a6bac1cc53612994847ddf6dd",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := NewSigner(NewKeys(), example, tt.region, "s3", tt.payload)
			h := s.Sign(GET, tt.host, tt.path, "", day2013)
			want := "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/" + tt.region +
				"/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=" + tt.want
			if h.Authorization != want || h.Date != "20130524T000000Z" || h.Token != "" {
				t.Errorf("Sign = %+v; want Authorization %s", h, want)
			}
			v := Verifier{Lookup: lookup(example), Region: tt.region, Service: "s3"}
			proof, err := v.Verify(sent(GET, tt.host, tt.path, "", h), day2013)
			if err != nil {
				t.Fatal(err)
			}
			if sum := fmt.Sprintf("%x", sha256.Sum256([]byte(proof.CanonicalRequest))); !strings.HasPrefix(sum, tt.canonical) {
				t.Errorf("canonical request has SHA-256 %s; want %s…\n%s", sum, tt.canonical, proof.CanonicalRequest)
			}
		})
	}
}

// V1 signs Range as well, as AWS's published example does; ours never would.
func TestVectorV1(t *testing.T) {
	r := &Request{Method: "GET", Host: "examplebucket.s3.amazonaws.com", Path: "/test.txt", Header: map[string][]string{
		"Authorization": {"AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
		"range":         {"bytes=0-9"}, "X-AMZ-DATE": {"20130524T000000Z"}, "x-amz-content-sha256": {emptyPayload},
	}}
	v := Verifier{Lookup: lookup(example), Region: "us-east-1", Service: "s3"}
	proof, err := v.Verify(r, day2013)
	if err != nil {
		t.Fatal(err)
	}
	if sum := fmt.Sprintf("%x", sha256.Sum256([]byte(proof.CanonicalRequest))); !strings.HasPrefix(sum, "7344ae5b7ee6c3e7") {
		t.Errorf("canonical request has SHA-256 %s\n%s", sum, proof.CanonicalRequest)
	}
	if !strings.HasPrefix(proof.StringToSign, "AWS4-HMAC-SHA256\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n7344ae5b7ee6c3e7") {
		t.Errorf("string to sign:\n%s", proof.StringToSign)
	}
}

func TestVectorV4(t *testing.T) {
	s := NewSigner(NewKeys(), example, "us-east-1", "s3", PayloadUnsigned)
	got, err := s.Presign(GET, "examplebucket.s3.amazonaws.com", "/test.txt", "", day2013, 24*time.Hour)
	const want = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request" +
		"&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host" +
		"&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
	if got != want || err != nil {
		t.Errorf("Presign = %s, %v; want %s", got, err, want)
	}
	v := Verifier{Lookup: lookup(example)}
	proof, err := v.Verify(&Request{Method: "GET", Host: "examplebucket.s3.amazonaws.com", Path: "/test.txt", Query: got}, day2013.Add(23*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if sum := fmt.Sprintf("%x", sha256.Sum256([]byte(proof.CanonicalRequest))); !strings.HasPrefix(sum, "3bfa292879f6447b") || !proof.Presigned {
		t.Errorf("canonical request has SHA-256 %s\n%s", sum, proof.CanonicalRequest)
	}
}

// Cases of the AWS Signature Version 4 test suite, which signs for a service
// that wants no payload hash: they exercise the canonical request and the
// chain of keys.
func TestSuite(t *testing.T) {
	cred := Credentials{AccessKey: "AKIDEXAMPLE", Secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
	tests := []struct {
		name, method, path, query string
		header                    map[string][]string
		want                      string
	}{
		{name: "get-vanilla", method: "GET", path: "/", want: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
		{name: "get-vanilla-query-order-key-case", method: "GET", path: "/", query: "Param2=value2&Param1=value1", want: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
		{name: "get-vanilla-utf8-query", method: "GET", path: "/", query: "\u1234=bar", want: "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
		{name: "get-unreserved", method: "GET", path: "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", want: "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
		{name: "get-utf8", method: "GET", path: "/\u1234", want: "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
		{name: "get-header-value-trim", method: "GET", path: "/", header: map[string][]string{"My-Header1": {" value1"}, "My-Header2": {` "a   b   c"`}}, want: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
		{name: "get-header-value-order", method: "GET", path: "/", header: map[string][]string{"My-Header1": {"value4", "value1", "value3", "value2"}}, want: "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
		{name: "get-header-key-duplicate", method: "GET", path: "/", header: map[string][]string{"My-Header1": {"value2", "value2", "value1"}}, want: "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &Request{Method: tt.method, Host: "example.amazonaws.com", Path: tt.path, Query: tt.query, Header: map[string][]string{"X-Amz-Date": {"20150830T123600Z"}}}
			c := &claim{signed: []string{"host"}, payload: emptyPayload}
			for _, name := range []string{"My-Header1", "My-Header2"} {
				if v := tt.header[name]; v != nil {
					r.Header[name] = v
					c.signed = append(c.signed, strings.ToLower(name))
				}
			}
			c.signed = append(c.signed, "x-amz-date")
			var err error
			if c.query, err = parseQuery(tt.query); err != nil {
				t.Fatal(err)
			}
			canonical, err := c.canonical(r)
			if err != nil {
				t.Fatal(err)
			}
			hash := sha256.Sum256([]byte(canonical))
			key := derive(cred.Secret, "20150830", "us-east-1", "service")
			got := newHMAC(key[:]).sign([]byte("20150830T123600Z"), "/us-east-1/service/aws4_request", &hash)
			if hex.EncodeToString(got[:]) != tt.want {
				t.Errorf("signature %x; want %s\n%s", got, tt.want, canonical)
			}
		})
	}
}

func TestSignThenVerify(t *testing.T) {
	creds := []Credentials{
		example,
		{AccessKey: "AKIA/with/slash", Secret: "s", Token: "tok  en+/=="},
		{AccessKey: "k", Secret: strings.Repeat("long", 40), Token: strings.Repeat("t", 3000)},
	}
	v := Verifier{Lookup: lookup(creds...), Region: "eu-central-1", Service: "s3"}
	keys := NewKeys()
	for _, cred := range creds {
		for _, payload := range []Payload{PayloadUnsigned, PayloadEmpty} {
			s := NewSigner(keys, cred, "eu-central-1", "s3", payload)
			for _, m := range []Method{GET, HEAD} {
				for _, query := range []string{"", "versionId=a%2Bb", "b=&a=x%20y&a=b"} {
					canonical, err := CanonicalQuery(query)
					if err != nil {
						t.Fatal(err)
					}
					now := time.Date(2026, 12, 31, 23, 59, 59, 0, time.UTC)
					h := s.Sign(m, "b.example:9000", "/a%20b", canonical, now)
					if _, err := v.Verify(sent(m, "b.example:9000", "/a%20b", query, h), now); err != nil {
						t.Errorf("%v %v %q: %v", cred, m, query, err)
					}
					presigned, err := s.Presign(m, "b.example:9000", "/a%20b", canonical, now, time.Second)
					if err != nil {
						t.Fatal(err)
					}
					r := &Request{Method: m.String(), Host: "b.example:9000", Path: "/a%20b", Query: presigned}
					if _, err := v.Verify(r, now); err != nil {
						t.Errorf("presigned %v %v %q: %v", cred, m, query, err)
					}
				}
			}
		}
	}
}

func TestAppendFields(t *testing.T) {
	cred := example
	cred.Token = "token"
	s := NewSigner(NewKeys(), cred, "us-east-1", "s3", PayloadUnsigned)
	h := s.Sign(HEAD, "h", "/p", "", day2013)
	want := "x: y\r\nX-Amz-Content-Sha256: UNSIGNED-PAYLOAD\r\nX-Amz-Date: 20130524T000000Z\r\n" +
		"X-Amz-Security-Token: token\r\nAuthorization: " + h.Authorization + "\r\n"
	if got := string(s.AppendFields([]byte("x: y\r\n"), HEAD, "h", "/p", "", day2013)); got != want {
		t.Errorf("AppendFields = %q; want %q", got, want)
	}
}

func TestPresignExpires(t *testing.T) {
	s := NewSigner(NewKeys(), example, "us-east-1", "s3", PayloadUnsigned)
	for _, d := range []time.Duration{0, -time.Second, 1500 * time.Millisecond, MaxExpires + time.Second} {
		if got, err := s.Presign(GET, "h", "/p", "", day2013, d); err == nil {
			t.Errorf("Presign for %v = %s; want an error", d, got)
		}
	}
	if _, err := s.Presign(GET, "h", "/p", "", day2013, MaxExpires); err != nil {
		t.Error(err)
	}
}

func TestCanonicalQuery(t *testing.T) {
	tests := []struct{ raw, want, err string }{
		{raw: "", want: ""},
		{raw: "acl", want: "acl="},
		{raw: "b=2&a=1&&a=0", want: "a=0&a=1&b=2"},
		{raw: "a=x+y/z%2f~", want: "a=x%20y%2Fz%2F~"},
		{raw: "a=b=c", want: "a=b%3Dc"},
		{raw: "a-b=1&a=2&aB=3", want: "a=2&a-b=1&aB=3"},
		{raw: "a=%zz", err: `parse query parameter "a=%zz": invalid URL escape "%zz"`},
	}
	for _, tt := range tests {
		got, err := CanonicalQuery(tt.raw)
		if text := fmt.Sprint(err); got != tt.want || tt.err != "" && text != tt.err || tt.err == "" && err != nil {
			t.Errorf("CanonicalQuery(%q) = %q, %v; want %q, %q", tt.raw, got, err, tt.want, tt.err)
		}
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	cred := Credentials{AccessKey: "AK", Secret: "planted-secret", Token: "planted-token"}
	s := NewSigner(NewKeys(), cred, "us-east-1", "s3", PayloadUnsigned)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		text := fmt.Sprintf(verb+verb+verb, cred, &cred, s)
		if strings.Contains(text, "planted") || strings.Contains(text, hex.EncodeToString([]byte("planted"))) {
			t.Errorf("%s prints a secret: %s", verb, text)
		}
	}
}

// Keys that differ in any part, the secret alone included, are different.
func TestKeysAreApart(t *testing.T) {
	keys := NewKeys()
	base := Credentials{AccessKey: "AK", Secret: "right", Version: 1}
	wrong := base
	wrong.Secret = "wrong"
	seen := make(map[string]string)
	for _, cred := range []Credentials{base, wrong} {
		for _, region := range []string{"us-east-1", "eu-west-1"} {
			for _, service := range []string{"s3", "s3express"} {
				for _, at := range []time.Time{day2013, day2013.AddDate(0, 0, 1), day2013.AddDate(0, 0, 2)} {
					name := fmt.Sprint(cred.Secret, region, service, at)
					h := NewSigner(keys, cred, region, service, PayloadUnsigned).Sign(GET, "h", "/", "", at)
					signature := h.Authorization[strings.LastIndex(h.Authorization, "="):]
					if other := seen[signature]; other != "" {
						t.Errorf("%s and %s have the same signature", name, other)
					}
					seen[signature] = name
				}
			}
		}
	}
}

func TestKeysAreBounded(t *testing.T) {
	keys := NewKeys()
	sign := func(i int, at time.Time) {
		NewSigner(keys, Credentials{AccessKey: fmt.Sprint(i)}, "us-east-1", "s3", PayloadUnsigned).Sign(GET, "h", "/", "", at)
	}
	for i := range maxKeys + 10 {
		sign(i, day2013)
	}
	if n := len(keys.m); n != maxKeys {
		t.Errorf("cache holds %d keys; want %d", n, maxKeys)
	}
	sign(0, day2013.AddDate(0, 0, 1))
	if n := len(keys.m); n != 1 {
		t.Errorf("cache holds %d keys after the past day's were dropped; want 1", n)
	}
}

func TestNextDayIsReady(t *testing.T) {
	tests := []struct {
		at   string
		want int
	}{
		{at: "2013-05-31T23:54:59Z", want: 1},
		{at: "2013-05-31T23:55:00Z", want: 2},
		{at: "2013-05-31T23:59:59Z", want: 2},
		{at: "2013-06-01T00:00:00Z", want: 1},
		{at: "1969-12-31T23:58:00Z", want: 2},
	}
	for _, tt := range tests {
		at, err := time.Parse(time.RFC3339, tt.at)
		if err != nil {
			t.Fatal(err)
		}
		keys := NewKeys()
		s := NewSigner(keys, example, "us-east-1", "s3", PayloadUnsigned)
		for range 3 {
			s.Sign(GET, "h", "/", "", at)
		}
		if n := len(keys.m); n != tt.want {
			t.Errorf("at %s the cache holds %d keys; want %d", tt.at, n, tt.want)
		}
	}
}

// One million signatures from 32 goroutines, which share signers and the key
// cache; each is compared with the one a signer of its own gives.
func TestParallel(t *testing.T) {
	const goroutines = 32
	each := 1_000_000 / goroutines
	if testing.Short() {
		each /= 20
	}
	type signing struct {
		signer *Signer
		path   string
		at     time.Time
		want   string
	}
	keys := NewKeys()
	var all []signing
	for i := range 64 {
		cred := Credentials{AccessKey: fmt.Sprint("AK", i%8), Secret: fmt.Sprint("secret", i%16), Version: int64(i % 4)}
		shared := NewSigner(keys, cred, "us-east-1", "s3", PayloadUnsigned)
		for j := range 4 {
			s := signing{signer: shared, path: fmt.Sprintf("/bucket/%d/%d", i, j), at: day2013.Add(time.Duration(j) * 23 * time.Hour)}
			s.want = NewSigner(NewKeys(), cred, "us-east-1", "s3", PayloadUnsigned).Sign(GET, "h", s.path, "", s.at).Authorization
			all = append(all, s)
		}
	}
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(g), 1))
			for range each {
				s := all[r.IntN(len(all))]
				if got := s.signer.Sign(GET, "h", s.path, "", s.at).Authorization; got != s.want {
					t.Errorf("Sign(%s) = %s; want %s", s.path, got, s.want)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestSignAllocations(t *testing.T) {
	cred := example
	cred.Token = strings.Repeat("t", 400)
	s := NewSigner(NewKeys(), cred, "us-east-1", "s3", PayloadUnsigned)
	path := string(objkey.AppendStrict(nil, []byte("/tour/München 1.jpg")))
	if got := testing.AllocsPerRun(100, func() { s.Sign(GET, "examplebucket.s3.amazonaws.com", path, "", day2013) }); got > 1 {
		t.Errorf("Sign allocates %v times; want at most 1", got)
	}
	buf := make([]byte, 0, 2048)
	if got := testing.AllocsPerRun(100, func() { s.AppendFields(buf, GET, "examplebucket.s3.amazonaws.com", path, "", day2013) }); got != 0 {
		t.Errorf("AppendFields allocates %v times; want 0", got)
	}
	long := strings.Repeat("/%E4%BD%A0", 100)
	cred.Token = strings.Repeat("t", 3000)
	s = NewSigner(NewKeys(), cred, "us-east-1", "s3", PayloadUnsigned)
	if got := testing.AllocsPerRun(100, func() { s.Sign(GET, "h", long, "", day2013) }); got > 4 {
		t.Errorf("Sign of a long path allocates %v times; want at most 4", got)
	}
}

func BenchmarkSign(b *testing.B) {
	s := NewSigner(NewKeys(), example, "us-east-1", "s3", PayloadUnsigned)
	b.Run("Headers", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.Sign(GET, "examplebucket.s3.amazonaws.com", "/tour/M%C3%BCnchen%201.jpg", "", day2013)
		}
	})
	b.Run("Append", func(b *testing.B) {
		buf := make([]byte, 0, 1024)
		b.ReportAllocs()
		for b.Loop() {
			s.AppendFields(buf, GET, "examplebucket.s3.amazonaws.com", "/tour/M%C3%BCnchen%201.jpg", "", day2013)
		}
	})
}

// kind returns the code of a VerifyError, or "".
func kind(err error) string {
	var v *VerifyError
	if errors.As(err, &v) {
		return v.Code
	}
	if err != nil {
		return "no VerifyError: " + err.Error()
	}
	return ""
}
