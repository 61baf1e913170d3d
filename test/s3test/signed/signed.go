// Package signed sends S3 requests signed by AWS's own signer, so that a
// bucket can be filled, and a server's judgement be tried, without a line of
// the code under test.
package signed

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// What a test origin is made with unless its options say otherwise.
const (
	DefaultRegion = "eu-central-1"
	RootKey       = "rootkey" // may do everything, in every bucket
	RootSecret    = "rootsecret"
)

// A Client speaks to one S3 endpoint, path style. It may be used
// concurrently; its fields must not be changed meanwhile.
type Client struct {
	URL                  string // "http://127.0.0.1:7070"
	Region               string
	AccessKey, SecretKey string
}

// CreateBucket makes an empty bucket. One that this key owns already is no
// error.
func (c *Client) CreateBucket(ctx context.Context, name string) error {
	answer, err := c.Do(ctx, http.MethodPut, "/"+name, nil, strings.NewReader(""))
	var status *StatusError
	if errors.As(err, &status) && strings.Contains(status.Body, "<Code>BucketAlreadyOwnedByYou</Code>") {
		return nil
	}
	return drained(answer, err)
}

// Put stores an object under the exact bytes of key. The fields are sent
// with it and signed: Content-Type, Cache-Control, x-amz-meta-….
func (c *Client) Put(ctx context.Context, bucket, key string, fields http.Header, body io.ReadSeeker) error {
	answer, err := c.Do(ctx, http.MethodPut, "/"+bucket+"/"+Escape(key), fields, body)
	return drained(answer, err)
}

// Delete removes an object.
func (c *Client) Delete(ctx context.Context, bucket, key string) error {
	answer, err := c.Do(ctx, http.MethodDelete, "/"+bucket+"/"+Escape(key), nil, strings.NewReader(""))
	return drained(answer, err)
}

// Do sends one signed request for a path in its strict escaped form. An
// answer other than 2xx is a *StatusError. The caller closes the body.
func (c *Client) Do(ctx context.Context, method, path string, fields http.Header, body io.ReadSeeker) (*http.Response, error) {
	hash := sha256.New()
	size, err := io.Copy(hash, body)
	if err != nil {
		return nil, err
	}
	if _, err := body.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, method, c.URL, io.NopCloser(body))
	if err != nil {
		return nil, err
	}
	request.URL.RawPath = path
	if request.URL.Path, err = url.PathUnescape(path); err != nil {
		return nil, fmt.Errorf("sign %s %s: %w", method, path, err)
	}
	if request.ContentLength = size; size == 0 {
		request.Body = http.NoBody
	}
	for name, values := range fields {
		request.Header[http.CanonicalHeaderKey(name)] = values
	}
	payload := hex.EncodeToString(hash.Sum(nil))
	request.Header.Set("X-Amz-Content-Sha256", payload)
	if c.AccessKey != "" {
		signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
		credentials := aws.Credentials{AccessKeyID: c.AccessKey, SecretAccessKey: c.SecretKey}
		if err := signer.SignHTTP(ctx, credentials, request, payload, "s3", c.Region, time.Now()); err != nil {
			return nil, err
		}
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode/100 != 2 {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
		answer.Body.Close()
		return nil, &StatusError{Method: method, Path: path, Status: answer.StatusCode, Body: string(text)}
	}
	return answer, nil
}

// drained reads an answer nobody is interested in, so that its connection
// can be used again.
func drained(answer *http.Response, err error) error {
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return err
}

// A StatusError is an answer other than 2xx.
type StatusError struct {
	Method, Path string
	Status       int
	Body         string // up to 64 KiB of the server's words
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("%s %s: status %d: %s", e.Method, e.Path, e.Status, e.Body)
}

// Escape returns the strict escaped form of an object key: all but
// A-Z a-z 0-9 - . _ ~ / becomes %XX. It is written anew here, as the
// product's form is what tests compare it with.
func Escape(key string) string {
	var b strings.Builder
	for i := range len(key) {
		c := key[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~/", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}
