package objkey

import (
	"strings"
	"testing"
)

func TestMapping(t *testing.T) {
	inPath := MappingOptions{Signed: true}
	based := MappingOptions{Signed: true, BasePath: "/my-media"}
	deep := MappingOptions{Signed: true, BasePath: "/my-media/pub lic"}
	bucket := MappingOptions{Signed: true, Bucket: "media"}
	prefixed := MappingOptions{Signed: true, Bucket: "media", BasePath: "/pub"}
	virtual := MappingOptions{Signed: true, Bucket: "media", Virtual: true}
	virtualPrefixed := MappingOptions{Signed: true, Bucket: "media", Virtual: true, BasePath: "/pub"}
	byHost := MappingOptions{Signed: true, HostBucket: "media"}
	plain := MappingOptions{BasePath: "/site"}
	unsigned := MappingOptions{Bucket: "media"}

	const rootDenied = "403 bucket_root_denied"
	tests := []struct {
		name    string
		options MappingOptions
		path    string
		wire    string
		bucket  string
		key     string
		err     string
	}{
		{name: "bucket in path", options: inPath, path: "/media/a b", wire: "/media/a%20b", bucket: "media", key: "a b"},
		{name: "bucket in path, key of slashes and name", options: inPath, path: "/media//a", wire: "/media//a", bucket: "media", key: "/a"},
		{name: "bucket in path, key ends in slash", options: inPath, path: "/media/a/", wire: "/media/a/", bucket: "media", key: "a/"},
		{name: "bucket in base path", options: based, path: "/a", wire: "/my-media/a", bucket: "my-media", key: "a"},
		{name: "bucket and prefix in base path", options: deep, path: "/a", wire: "/my-media/pub%20lic/a", bucket: "my-media", key: "pub lic/a"},
		{name: "bucket set", options: bucket, path: "/a/b", wire: "/media/a/b", bucket: "media", key: "a/b"},
		{name: "bucket and prefix set", options: prefixed, path: "/a", wire: "/media/pub/a", bucket: "media", key: "pub/a"},
		{name: "virtual", options: virtual, path: "/a", wire: "/a", bucket: "media", key: "a"},
		{name: "virtual with prefix", options: virtualPrefixed, path: "/a", wire: "/pub/a", bucket: "media", key: "pub/a"},
		{name: "bucket named by the endpoint", options: byHost, path: "/a", wire: "/a", bucket: "media", key: "a"},
		{name: "plain", options: plain, path: "/a", wire: "/site/a"},
		{name: "plain root", options: plain, path: "/", wire: "/site/"},
		{name: "plain without base", path: "/", wire: "/"},
		{name: "plain takes any length", path: "/" + strings.Repeat("k", 4000), wire: "/" + strings.Repeat("k", 4000)},
		{name: "unsigned bucket", options: unsigned, path: "/a", wire: "/media/a", bucket: "media", key: "a"},

		{name: "all buckets", options: inPath, path: "/", err: rootDenied},
		{name: "bucket in path, no key", options: inPath, path: "/media", err: rootDenied, bucket: "media"},
		{name: "bucket in path, empty key", options: inPath, path: "/media/", err: rootDenied, bucket: "media"},
		{name: "bucket in path, key of slashes", options: inPath, path: "/media///", err: rootDenied, bucket: "media", key: "//"},
		{name: "root of base path", options: based, path: "/", err: rootDenied, bucket: "my-media"},
		{name: "root of bucket", options: bucket, path: "/", err: rootDenied, bucket: "media"},
		{name: "root of virtual bucket", options: virtual, path: "/", err: rootDenied, bucket: "media"},
		{name: "root of host bucket", options: byHost, path: "/", err: rootDenied, bucket: "media"},
		{name: "root of unsigned bucket", options: unsigned, path: "/", err: rootDenied, bucket: "media"},
		{name: "resolves to the root", options: bucket, path: "/a/..", err: rootDenied, bucket: "media", key: "a/.."},
		{name: "resolves to the root in virtual", options: virtual, path: "/.", err: rootDenied, bucket: "media", key: "."},
		{name: "resolves to another bucket's root", options: inPath, path: "/media/../other", err: rootDenied, bucket: "media", key: "../other"},
		{name: "resolves to an object", options: bucket, path: "/a/../b", wire: "/media/a/../b", bucket: "media", key: "a/../b"},
		{name: "root of a prefix is a key", options: prefixed, path: "/", wire: "/media/pub/", bucket: "media", key: "pub/"},
		{name: "name of dots is a key", options: bucket, path: "/...", wire: "/media/...", bucket: "media", key: "..."},

		{name: "short bucket", options: inPath, path: "/me/a", err: "404 bucket_name_invalid", bucket: "me", key: "a"},
		{name: "empty bucket", options: inPath, path: "//a", err: "404 bucket_name_invalid", key: "a"},
		{name: "bucket with a tilde", options: inPath, path: "/med~ia/a", err: "404 bucket_name_invalid", bucket: "med~ia", key: "a"},
		{name: "bucket with a space", options: inPath, path: "/med ia/a", err: "404 bucket_name_invalid", bucket: "med ia", key: "a"},
		{name: "old bucket name", options: inPath, path: "/My_Old.Bucket-1/a", wire: "/My_Old.Bucket-1/a", bucket: "My_Old.Bucket-1", key: "a"},
		{name: "longest bucket", options: inPath, path: "/" + strings.Repeat("b", 255) + "/a", wire: "/" + strings.Repeat("b", 255) + "/a", bucket: strings.Repeat("b", 255), key: "a"},
		{name: "too long bucket", options: inPath, path: "/" + strings.Repeat("b", 256) + "/a", err: "404 bucket_name_invalid", bucket: strings.Repeat("b", 256), key: "a"},

		{name: "longest key", options: bucket, path: "/" + strings.Repeat("k", 1024), wire: "/media/" + strings.Repeat("k", 1024), bucket: "media", key: strings.Repeat("k", 1024)},
		{name: "too long key", options: bucket, path: "/" + strings.Repeat("k", 1025), err: "404 key_too_long", bucket: "media", key: strings.Repeat("k", 1025)},
		{name: "too long with prefix", options: prefixed, path: "/" + strings.Repeat("k", 1021), err: "404 key_too_long", bucket: "media", key: "pub/" + strings.Repeat("k", 1021)},
		{name: "longest with prefix", options: prefixed, path: "/" + strings.Repeat("k", 1020), wire: "/media/pub/" + strings.Repeat("k", 1020), bucket: "media", key: "pub/" + strings.Repeat("k", 1020)},
		{name: "no slash", options: bucket, path: "a", err: "400 path_bad_encoding"},
		{name: "empty", options: plain, path: "", err: "400 path_bad_encoding"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := NewMapping(tt.options)
			if err := m.Check([]byte(tt.path)); code(err) != tt.err {
				t.Errorf("Check(%q) = %v; want %q", tt.path, err, tt.err)
			}
			if bucket, key := m.Object([]byte(tt.path)); bucket != tt.bucket || key != tt.key {
				t.Errorf("Object(%q) = %q, %q; want %q, %q", tt.path, bucket, key, tt.bucket, tt.key)
			}
			if tt.err != "" {
				return
			}
			if wire := string(m.AppendWire([]byte("x"), []byte(tt.path))); wire != "x"+tt.wire {
				t.Errorf("AppendWire(%q) = %q; want %q", tt.path, wire, "x"+tt.wire)
			}
		})
	}
}

func TestBucketFromPath(t *testing.T) {
	tests := []struct {
		options MappingOptions
		want    bool
	}{
		{MappingOptions{Signed: true}, true},
		{MappingOptions{}, false},
		{MappingOptions{Signed: true, BasePath: "/media"}, false},
		{MappingOptions{Signed: true, Bucket: "media"}, false},
		{MappingOptions{Signed: true, HostBucket: "media"}, false},
	}
	for _, tt := range tests {
		if got := NewMapping(tt.options).BucketFromPath(); got != tt.want {
			t.Errorf("BucketFromPath of %+v = %v; want %v", tt.options, got, tt.want)
		}
	}
}
