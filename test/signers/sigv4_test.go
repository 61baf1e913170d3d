// Package signers compares the signers of the product with those of the
// vendors, byte for byte.
package signers

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/cistern-cdn/cistern/internal/spec/objkey"
	"github.com/cistern-cdn/cistern/internal/spec/sigv4"
)

// A signing is one request to sign, in a form that both signers take.
type signing struct {
	method  sigv4.Method
	host    string
	path    []byte // decoded, with a leading slash
	query   string // raw
	cred    sigv4.Credentials
	region  string
	service string
	payload sigv4.Payload
	at      time.Time
}

// request returns the request for the vendor's signer. The path stands in
// the URL in the strict form, as it is sent.
func (s *signing) request(t *testing.T) *http.Request {
	t.Helper()
	canonical, err := sigv4.CanonicalQuery(s.query)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Request{
		Method: s.method.String(),
		Host:   s.host,
		Header: http.Header{},
		URL: &url.URL{
			Scheme: "https", Host: s.host,
			Path: string(s.path), RawPath: string(objkey.AppendStrict(nil, s.path)),
			RawQuery: canonical,
		},
	}
}

func (s *signing) credentials() aws.Credentials {
	return aws.Credentials{AccessKeyID: s.cred.AccessKey, SecretAccessKey: s.cred.Secret, SessionToken: s.cred.Token}
}

func (s *signing) payloadHash() string {
	if s.payload == sigv4.PayloadEmpty {
		return "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	}
	return "UNSIGNED-PAYLOAD"
}

// vendor returns a signer of the SDK, set up as its S3 client sets it up.
func vendor() *v4.Signer {
	return v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
}

// compare signs s with both signers, in both forms.
func compare(t *testing.T, keys *sigv4.Keys, s *signing) {
	t.Helper()
	signer := sigv4.NewSigner(keys, s.cred, s.region, s.service, s.payload)
	strict := string(objkey.AppendStrict(nil, s.path))
	canonical, err := sigv4.CanonicalQuery(s.query)
	if err != nil {
		t.Fatal(err)
	}

	r := s.request(t)
	r.Header.Set("X-Amz-Content-Sha256", s.payloadHash())
	if err := vendor().SignHTTP(context.Background(), s.credentials(), r, s.payloadHash(), s.service, s.region, s.at); err != nil {
		t.Fatal(err)
	}
	got := signer.Sign(s.method, s.host, strict, canonical, s.at)
	want := sigv4.Headers{
		Authorization: r.Header.Get("Authorization"),
		Date:          r.Header.Get("X-Amz-Date"),
		ContentSHA256: r.Header.Get("X-Amz-Content-Sha256"),
		Token:         r.Header.Get("X-Amz-Security-Token"),
	}
	if got != want {
		t.Fatalf("signing %s\n got %+v\nwant %+v", s.describe(), got, want)
	}
	fields := string(signer.AppendFields(nil, s.method, s.host, strict, canonical, s.at))
	if !strings.HasSuffix(fields, "\r\nAuthorization: "+want.Authorization+"\r\n") {
		t.Fatalf("signing %s\nfields %q\n  want %+v", s.describe(), fields, want)
	}

	// A presigned request says its expiry in the query before it is signed.
	r = s.request(t)
	query := r.URL.Query()
	query.Set("X-Amz-Expires", "3600")
	r.URL.RawQuery = query.Encode()
	signed, _, err := vendor().PresignHTTP(context.Background(), s.credentials(), r, "UNSIGNED-PAYLOAD", s.service, s.region, s.at)
	if err != nil {
		t.Fatal(err)
	}
	presigned, err := signer.Presign(s.method, s.host, strict, canonical, s.at, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(signed)
	if err != nil {
		t.Fatal(err)
	}
	ours, err := url.ParseQuery(presigned)
	if err != nil {
		t.Fatal(err)
	}
	if theirs := u.Query(); ours.Encode() != theirs.Encode() {
		t.Fatalf("presigning %s\n got %s\nwant %s", s.describe(), ours.Encode(), theirs.Encode())
	}

	// What the vendor signs, the verifier accepts.
	v := sigv4.Verifier{Region: s.region, Service: s.service, Lookup: func(key string) (sigv4.Credentials, bool) {
		return s.cred, key == s.cred.AccessKey
	}}
	for _, r := range []*sigv4.Request{
		{Method: s.method.String(), Host: s.host, Path: strict, Query: s.query, Header: map[string][]string{
			"authorization": {want.Authorization}, "x-amz-date": {want.Date}, "x-amz-content-sha256": {want.ContentSHA256},
		}},
		{Method: s.method.String(), Host: s.host, Path: strict, Query: u.RawQuery},
	} {
		if want.Token != "" && r.Header != nil {
			r.Header["x-amz-security-token"] = []string{want.Token}
		}
		if _, err := v.Verify(r, s.at); err != nil {
			t.Fatalf("verifying %s: %v", s.describe(), err)
		}
	}
}

func (s *signing) describe() string {
	return fmt.Sprintf("%s %s%q?%s for %s/%s at %s", s.method, s.host, s.path, s.query, s.region, s.service, s.at)
}

func TestSigV4(t *testing.T) {
	static := sigv4.Credentials{AccessKey: "AKIAIOSFODNN7EXAMPLE", Secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
	session := static
	session.Token = "FwoGZXIvYXdzE//////////wEaD+a/b=="
	at := time.Date(2026, 2, 28, 23, 59, 59, 999, time.FixedZone("", 5*3600))
	paths := []string{
		"/", "/test.txt", "/bucket/a b", "/bucket/ü/你好", "/bucket//a///b/", "/bucket/./a/../b/..",
		"/bucket/!*'()", "/bucket/a+b&c=d;e,f:g@h$", "/bucket/~-._", "/bucket/%41%2F", "/bucket/?#[]", "/bucket/\xff\x00\x7f\n",
		"/" + strings.Repeat("long/", 200),
	}
	keys := sigv4.NewKeys()
	for _, path := range paths {
		for _, cred := range []sigv4.Credentials{static, session} {
			for _, method := range []sigv4.Method{sigv4.GET, sigv4.HEAD} {
				for _, payload := range []sigv4.Payload{sigv4.PayloadUnsigned, sigv4.PayloadEmpty} {
					for _, query := range []string{"", "versionId=a%2Fb+c"} {
						compare(t, keys, &signing{
							method: method, host: "bucket.s3.eu-central-1.amazonaws.com:8443", path: []byte(path), query: query,
							cred: cred, region: "eu-central-1", service: "s3", payload: payload, at: at,
						})
					}
				}
			}
		}
	}
}

// Random requests share one cache of keys, as they do in a process.
func TestSigV4Random(t *testing.T) {
	n := 5000
	if testing.Short() {
		n = 500
	}
	r := rand.New(rand.NewPCG(7, 11))
	keys := sigv4.NewKeys()
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	text := func(most int, alphabet string) string {
		b := make([]byte, r.IntN(most))
		for i := range b {
			if alphabet == "" {
				b[i] = byte(r.Uint32())
			} else {
				b[i] = alphabet[r.IntN(len(alphabet))]
			}
		}
		return string(b)
	}
	const base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
	for range n {
		s := &signing{
			method:  sigv4.Method(r.IntN(2) == 1),
			host:    pick("examplebucket.s3.amazonaws.com", "acct.r2.cloudflarestorage.com", "127.0.0.1:9000", "[::1]:9000"),
			path:    []byte("/" + text(60, "")),
			cred:    sigv4.Credentials{AccessKey: pick("AKIA1", "AKIA2", "k"), Secret: "s" + text(3, "ab"), Version: int64(r.IntN(3))},
			region:  pick("us-east-1", "auto", "eu-central-1", "fsn1"),
			service: pick("s3", "s3", "sts"),
			payload: sigv4.Payload(r.IntN(2)),
			at:      time.Unix(r.Int64N(4_000_000_000), r.Int64N(1e9)),
		}
		if r.IntN(2) == 0 {
			s.cred.Token = "t" + text(200, base64)
		}
		if r.IntN(3) == 0 {
			s.query = url.Values{"versionId": {text(20, "")}, text(5, "ab-.~ "): {text(5, ""), "x"}}.Encode()
		}
		compare(t, keys, s)
	}
}

func FuzzSigV4(f *testing.F) {
	f.Add([]byte("/a b"), "v=1", "AKIA", "secret", "", "us-east-1", int64(1369353600), true)
	f.Add([]byte("/\xff//..//%2F+"), "", "k", "", "to+ken=", "auto", int64(0), false)
	keys := sigv4.NewKeys()
	f.Fuzz(func(t *testing.T, path []byte, query, key, secret, token, region string, unix int64, head bool) {
		plain := func(s string, of string) bool { return strings.Trim(s, of) == "" }
		const alnum = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"
		if len(path) == 0 || path[0] != '/' || key == "" || !plain(key, alnum) || !plain(region, alnum) ||
			!plain(token, alnum+"+/=") || unix < 0 || unix > 250_000_000_000 {
			return // no request of an edge
		}
		canonical, err := sigv4.CanonicalQuery(query)
		if err != nil || strings.Contains(canonical, "X-Amz-") {
			return // no query that is sent
		}
		compare(t, keys, &signing{
			method: sigv4.Method(head), host: "examplebucket.s3.amazonaws.com", path: path, query: query,
			cred:   sigv4.Credentials{AccessKey: key, Secret: secret, Token: token},
			region: region, service: "s3", at: time.Unix(unix, 0),
		})
	})
}
