package objkey

import (
	"bytes"
	"strings"
)

// maxKey is the length of the longest key, in bytes (AWS S3 User Guide,
// "Naming Amazon S3 objects").
const maxKey = 1024

// MappingOptions describe how an origin names its objects.
type MappingOptions struct {
	// Signed is true for an origin whose requests are signed. The rules for
	// buckets hold for signed origins and for every origin with a Bucket; any
	// other one is a plain server that is asked for base path plus path.
	Signed bool

	// Bucket is the bucket's name; empty: the host or the path names it.
	Bucket string

	// BasePath is literal text before the viewer path: empty, or beginning
	// with "/" and not ending with it.
	BasePath string

	// Virtual is true if the bucket is named by the host and so is no part of
	// the wire path.
	Virtual bool

	// HostBucket is the bucket that the host of the endpoint names by itself.
	// It counts only if Bucket is empty.
	HostBucket string
}

// A Mapping leads from viewer paths to the objects of one origin. It is
// immutable and safe for concurrent use.
type Mapping struct {
	prefix     []byte // strict form of what precedes the path on the wire
	objects    bool   // the rules for buckets hold
	fromViewer bool   // the first segment of the viewer path is the bucket
	bucket     string // unless fromViewer
	keyPrefix  string // of the key, before the path; without its first "/"
}

// NewMapping compiles o.
func NewMapping(o MappingOptions) *Mapping {
	m := &Mapping{
		objects:   o.Signed || o.Bucket != "",
		bucket:    o.Bucket,
		keyPrefix: strings.TrimPrefix(o.BasePath, "/"),
	}
	wire := o.BasePath
	switch {
	case o.Bucket != "":
		if !o.Virtual {
			wire = "/" + o.Bucket + o.BasePath
		}
	case o.Virtual || o.HostBucket != "":
		m.bucket = o.HostBucket
	case o.BasePath != "":
		m.bucket, m.keyPrefix, _ = strings.Cut(m.keyPrefix, "/")
	default:
		m.fromViewer = true
	}
	m.prefix = AppendStrict(nil, []byte(wire))
	return m
}

// Check refuses a path that must not be asked of the origin: one that names no
// object, as a signed request for it would list the bucket or all buckets (AWS
// S3 API Reference, ListObjectsV2), one whose first segment would have to be a
// bucket and cannot be one, and one with an overlong key. For a plain origin
// it refuses nothing.
//
// A key of slashes and dot segments alone, or one that leads to the bucket's
// root or out of it once they are resolved, counts as none, since not every
// server takes keys as literally as S3 does.
//
// The error is a *Refusal. Check does not allocate; it is meant to be called
// for every request, before the cache is looked at.
func (m *Mapping) Check(path []byte) error {
	if len(path) == 0 || path[0] != '/' {
		return errNoSlash
	}
	if !m.objects {
		return nil
	}
	bucket, tail := m.split(path)
	if m.isRoot(tail) {
		return errBucketRoot
	}
	if m.fromViewer && !isBucketName(bucket) {
		return errBucketName
	}
	if len(m.keyPrefix)+len(tail) > maxKey {
		return errKeyTooLong
	}
	return nil
}

// split returns the bucket, if the viewer's path names it, and the part of
// path that ends the key: the key is keyPrefix plus that.
func (m *Mapping) split(path []byte) (bucket, tail []byte) {
	if m.fromViewer {
		bucket, tail, _ = bytes.Cut(path[1:], slash)
		return bucket, tail
	}
	if m.keyPrefix != "" {
		return nil, path
	}
	return nil, path[1:]
}

// BucketFromPath reports whether the first segment of the viewer's path names
// the bucket, so that a missing bucket is no fault of the configuration.
func (m *Mapping) BucketFromPath() bool { return m.objects && m.fromViewer }

// isRoot reports whether the key that ends with tail names no object.
func (m *Mapping) isRoot(tail []byte) bool {
	if m.keyPrefix != "" {
		return false // the path does not lead above its own root, so not above the prefix
	}
	if len(tail) == 0 {
		return true
	}
	if tail[0] != '/' && tail[0] != '.' && !bytes.Contains(tail, []byte("/.")) {
		return false
	}
	_, _, depth := walk(tail, 0)
	return depth <= 0
}

// isBucketName reports whether b can name a bucket: 3 to 255 bytes of A-Z a-z
// 0-9 . _ - (old AWS buckets and other stores know more than today's 3 to 63).
func isBucketName(b []byte) bool {
	if len(b) < 3 || len(b) > 255 {
		return false
	}
	for _, c := range b {
		if !plain[c] || c == '~' || c == '/' {
			return false
		}
	}
	return true
}

// AppendWire appends the path, without query, that is sent to the origin and
// signed: a fixed prefix, and path in the strict form. It allocates only to
// grow dst.
func (m *Mapping) AppendWire(dst, path []byte) []byte {
	return AppendStrict(append(dst, m.prefix...), path)
}

// Object returns the bucket and key that path names, for people to read. Both
// are empty for a plain origin and for a path that Check refuses as malformed.
func (m *Mapping) Object(path []byte) (bucket, key string) {
	if !m.objects || len(path) == 0 || path[0] != '/' {
		return "", ""
	}
	named, tail := m.split(path)
	if m.fromViewer {
		return string(named), string(tail)
	}
	return m.bucket, m.keyPrefix + string(tail)
}
