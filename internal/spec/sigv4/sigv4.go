// Package sigv4 is AWS Signature Version 4 for reading objects: it signs and
// presigns GET and HEAD requests, and verifies what was signed (AWS IAM User
// Guide, "Create a signed AWS API request"; AWS S3 API Reference, "Signature
// Calculations for the Authorization Header").
//
// Signing covers a fixed set of headers and nothing that a hop on the way may
// rewrite, such as Range or Accept-Encoding. Paths follow the rule of S3:
// they are escaped once and never normalised. A [Signer] is immutable, so one
// may serve any number of goroutines.
package sigv4

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"sync/atomic"
	"time"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	terminator = "aws4_request"
	timeLayout = "20060102T150405Z"

	unsignedPayload = "UNSIGNED-PAYLOAD"
	emptyPayload    = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)

// Credentials are what a request is signed with. Printing them in any way
// shows the access key and hides the rest.
type Credentials struct {
	AccessKey string
	Secret    string
	Token     string // session token of temporary credentials; empty: none

	// Version tells the versions of one credential apart; a changed secret
	// should come with another one.
	Version int64
}

// Format prints the access key alone, whatever the verb.
func (c Credentials) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "access key %s, version %d", c.AccessKey, c.Version)
}

// A Method is what a signer can sign. No value of it can mean a request that
// changes anything.
type Method bool

// All methods there are.
const (
	GET  Method = false
	HEAD Method = true
)

// String returns "GET" or "HEAD".
func (m Method) String() string {
	if m == HEAD {
		return "HEAD"
	}
	return "GET"
}

// A Payload says what the signature tells about the body, which is empty in
// both methods.
type Payload uint8

// S3 accepts both values for GET and HEAD.
const (
	PayloadUnsigned Payload = iota // UNSIGNED-PAYLOAD
	PayloadEmpty                   // the SHA-256 of an empty body
)

// hash returns the value of x-amz-content-sha256.
func (p Payload) hash() string {
	if p == PayloadEmpty {
		return emptyPayload
	}
	return unsignedPayload
}

// Headers are the values of the four header fields that carry a signature.
// They must be sent as they are, along with the host that was signed.
type Headers struct {
	Authorization string
	Date          string // X-Amz-Date
	ContentSHA256 string // X-Amz-Content-Sha256
	Token         string // X-Amz-Security-Token; empty: the field is not sent
}

// A Signer signs requests with one set of credentials for one region and
// service. It is safe for concurrent use, and its settings never change.
type Signer struct {
	keys    *Keys
	cred    Credentials
	id      keyID // without the day
	payload string

	// Text that is the same in every signature, in the order of its use.
	fields    string // of the canonical request, from the host to the date
	fieldsEnd string // from the date on
	scope     string // "/region/service/aws4_request", behind the date
	authBegin string // up to the date in the scope
	authEnd   string // from the scope to the signature

	// days remembers the keys of an even and an odd day, so that signing
	// takes no lock. Both always belong to this signer.
	days [2]atomic.Pointer[dayKey]
}

// NewSigner returns a signer for region and service (for S3: "s3"). Keys may
// be shared by all signers of a process.
func NewSigner(keys *Keys, cred Credentials, region, service string, payload Payload) *Signer {
	s := &Signer{
		keys:    keys,
		cred:    cred,
		payload: payload.hash(),
		id: keyID{
			accessKey: cred.AccessKey,
			secret:    sha256.Sum256([]byte(cred.Secret)),
			version:   cred.Version,
			region:    region,
			service:   service,
		},
	}
	names := "host;x-amz-content-sha256;x-amz-date"
	token := ""
	if cred.Token != "" {
		names += ";x-amz-security-token"
		token = "x-amz-security-token:" + squeeze(cred.Token) + "\n"
	}
	s.fields = "\nx-amz-content-sha256:" + s.payload + "\nx-amz-date:"
	s.fieldsEnd = "\n" + token + "\n" + names + "\n" + s.payload
	s.scope = "/" + region + "/" + service + "/" + terminator
	s.authBegin = algorithm + " Credential=" + cred.AccessKey + "/"
	s.authEnd = s.scope + ", SignedHeaders=" + names + ", Signature="
	return s
}

// Format prints the access key alone, whatever the verb.
func (s *Signer) Format(f fmt.State, verb rune) {
	_, _ = f.Write([]byte("signer with "))
	s.cred.Format(f, verb)
}

// Sign signs a request. Host is the value of the Host field as it is sent,
// strictPath the path in the strict form (package objkey) as it is sent,
// canonicalQuery what [CanonicalQuery] gives, "" for none, and t the time of
// the signature: stores accept it for about 15 minutes either way.
func (s *Signer) Sign(m Method, host, strictPath, canonicalQuery string, t time.Time) Headers {
	var room [512]byte
	date := appendTime(room[:0], t)
	both := string(s.appendAuthorization(date, date, m, host, strictPath, canonicalQuery, t))
	return Headers{
		Authorization: both[len(date):],
		Date:          both[:len(date)],
		ContentSHA256: s.payload,
		Token:         s.cred.Token,
	}
}

// AppendFields is Sign for callers who write HTTP/1.1 themselves: it appends
// the header fields, each ended by CRLF. It does not allocate if dst has room
// and host, strictPath, canonicalQuery and token are together below 700 bytes.
func (s *Signer) AppendFields(dst []byte, m Method, host, strictPath, canonicalQuery string, t time.Time) []byte {
	var room [len(timeLayout)]byte
	date := appendTime(room[:0], t)
	dst = append(dst, "X-Amz-Content-Sha256: "...)
	dst = append(dst, s.payload...)
	dst = append(dst, "\r\nX-Amz-Date: "...)
	dst = append(dst, date...)
	if s.cred.Token != "" {
		dst = append(dst, "\r\nX-Amz-Security-Token: "...)
		dst = append(dst, s.cred.Token...)
	}
	dst = append(dst, "\r\nAuthorization: "...)
	dst = s.appendAuthorization(dst, date, m, host, strictPath, canonicalQuery, t)
	return append(dst, "\r\n"...)
}

func (s *Signer) appendAuthorization(dst, date []byte, m Method, host, path, query string, t time.Time) []byte {
	var room [1024]byte
	c := append(room[:0], m.String()...)
	c = append(c, '\n')
	c = append(c, path...)
	c = append(c, '\n')
	c = append(c, query...)
	c = append(c, "\nhost:"...)
	c = append(c, host...)
	c = append(c, s.fields...)
	c = append(c, date...)
	c = append(c, s.fieldsEnd...)
	hash := sha256.Sum256(c)

	dst = append(dst, s.authBegin...)
	dst = append(dst, date[:8]...)
	dst = append(dst, s.authEnd...)
	signature := s.day(t).sign(date, s.scope, &hash)
	return hex.AppendEncode(dst, signature[:])
}

// appendTime appends t in the form of X-Amz-Date. Its first eight bytes are
// the date of the scope.
func appendTime(dst []byte, t time.Time) []byte {
	t = t.UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	dst = appendTwo(appendTwo(dst, year/100), year)
	dst = appendTwo(appendTwo(dst, int(month)), day)
	dst = append(dst, 'T')
	dst = appendTwo(appendTwo(appendTwo(dst, hour), minute), second)
	return append(dst, 'Z')
}

func appendTwo(dst []byte, n int) []byte {
	return append(dst, byte('0'+n/10%10), byte('0'+n%10))
}

// squeeze returns a header value in its canonical form: trimmed, and with
// single spaces.
func squeeze(s string) string {
	s = strings.Trim(s, " \t")
	if !strings.Contains(s, "  ") {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		if s[i] != ' ' || s[i-1] != ' ' {
			b.WriteByte(s[i])
		}
	}
	return b.String()
}
