package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/cistern-cdn/cistern/test/s3test/record"
	"github.com/cistern-cdn/cistern/test/s3test/remote"
	"github.com/cistern-cdn/cistern/test/s3test/signed"
	"github.com/cistern-cdn/cistern/test/s3test/stub"
)

// A bucket is the private bucket of one script, on the server that all
// scripts share, with one key of its own.
type bucket struct {
	name              string // "": not made
	accessKey, secret string
	asked             int // requests the server had seen before "s3 forget"
}

// bucketCommand is "s3":
//
//	s3 bucket                       make the script's bucket and key; sets S3_URL, BUCKET, ACCESS_KEY, CISTERN_S3_SECRET_KEY
//	s3 put KEY FILE|SIZE [FIELD…]   store an object: a file, or SIZE bytes of text
//	s3 rotate                       give the key another secret; sets CISTERN_S3_SECRET_KEY
//	s3 newkey                       add a second key; sets ACCESS_KEY, CISTERN_S3_SECRET_KEY
//	s3 disable ID                   make a key unknown
//	s3 anonymous KEY                print the status of an unsigned GET
//	s3 requests                     print method, target and access key of every request but these commands' own
//	s3 count N [KEY]                fail unless so many of them were made
//	s3 forget                       count from here
func bucketCommand(c *call) {
	c.usage(len(c.args) > 0 && !c.neg, "bucket|put|rotate|newkey|disable|anonymous|requests|count|forget …")
	c.usage(c.bucket.name != "" || c.args[0] == "bucket", "bucket, before anything else")
	ctx := context.Background()
	verb, args := c.args[0], c.args[1:]
	switch {
	case verb == "bucket" && len(args) == 0:
		c.makeBucket(ctx)
	case verb == "put" && len(args) >= 2:
		fields := http.Header{}
		for _, line := range args[2:] {
			name, value, _ := strings.Cut(line, ":")
			fields.Add(name, strings.TrimSpace(value))
		}
		c.Check(root().Put(ctx, c.bucket.name, args[0], fields, bytes.NewReader(c.content(args[1]))))
	case verb == "rotate" && len(args) == 0:
		c.bucket.secret += "-rotated"
		c.addKey(ctx)
	case verb == "newkey" && len(args) == 0:
		c.bucket.accessKey += "NEW"
		c.addKey(ctx)
	case verb == "disable" && len(args) == 1:
		c.Check(built.bucket.DisableKey(ctx, args[0]))
	case verb == "anonymous" && len(args) == 1:
		answer, err := http.Get(built.bucket.Origin + "/" + c.bucket.name + "/" + signed.Escape(args[0]))
		c.Check(err)
		answer.Body.Close()
		c.print("%d\n", answer.StatusCode)
	case verb == "requests" && len(args) == 0:
		c.printRequests(c.bucketRequests(ctx))
	case verb == "count" && len(args) <= 2 && len(args) > 0:
		target := "/" + c.bucket.name + "/"
		if len(args) == 2 {
			target += signed.Escape(args[1])
		}
		c.requireCount(args[0], target, len(args) == 1, c.bucketRequests(ctx))
	case verb == "forget" && len(args) == 0:
		c.bucket.asked += len(c.bucketRequests(ctx))
	default:
		c.Fatalf("s3 %q: no such command", c.args)
	}
}

func (c *call) makeBucket(ctx context.Context) {
	c.bucket = bucket{name: "bucket-" + c.tag, accessKey: "AKSCRIPT" + c.tag, secret: "planted/secret+of=script-" + c.tag}
	c.Check(built.bucket.CreateBucket(ctx, c.bucket.name))
	c.addKey(ctx)
	c.Setenv("S3_URL", built.bucket.Origin)
	c.Setenv("BUCKET", c.bucket.name)
}

// addKey makes the script's key known to the bucket and to the script.
func (c *call) addKey(ctx context.Context) {
	c.Check(built.bucket.SetKey(ctx, c.bucket.accessKey, c.bucket.secret))
	c.Setenv("ACCESS_KEY", c.bucket.accessKey)
	c.Setenv("CISTERN_S3_SECRET_KEY", c.bucket.secret)
}

// root puts objects; its requests are not the edge's.
func root() *signed.Client {
	return &signed.Client{
		URL: built.bucket.Origin, Region: signed.DefaultRegion,
		AccessKey: signed.RootKey, SecretKey: signed.RootSecret,
	}
}

// bucketRequests returns what the script's bucket was asked since "s3
// forget" by others than the script itself.
func (c *call) bucketRequests(ctx context.Context) []record.Request {
	all, err := built.bucket.Requests(ctx)
	c.Check(err)
	var mine []record.Request
	for _, r := range all {
		byScript := r.AccessKey() == signed.RootKey || strings.HasPrefix(r.Header.Get("User-Agent"), "Go-http-client")
		if !byScript && (strings.HasPrefix(r.Target, "/"+c.bucket.name+"/") || strings.HasPrefix(r.Host, c.bucket.name+".")) {
			mine = append(mine, r)
		}
	}
	return mine[min(c.bucket.asked, len(mine)):]
}

// content returns what FILE|SIZE stands for.
func (c *call) content(arg string) []byte {
	if size, err := strconv.ParseInt(arg, 10, 64); err == nil {
		line := []byte("All work and no play makes a dull object.\n")
		return bytes.Repeat(line, int(size)/len(line)+1)[:size]
	}
	content, err := os.ReadFile(c.MkAbs(arg))
	c.Check(err)
	return content
}

func (c *call) printRequests(requests []record.Request) {
	for _, r := range requests {
		c.print("%s %s %s\n", r.Method, r.Target, r.AccessKey())
	}
}

// requireCount fails unless want requests were made for the target, or below
// it.
func (c *call) requireCount(want, target string, below bool, requests []record.Request) {
	got := 0
	for _, r := range requests {
		if r.Target == target || below && strings.HasPrefix(r.Target, target) {
			got++
		}
	}
	if strconv.Itoa(got) != want {
		c.printRequests(requests)
		c.Fatalf("%s asked %d times; want %s", target, got, want)
	}
}

// stubCommand is "stub":
//
//	stub start [-plain]             start it; sets STUB_URL
//	stub key ID SECRET              make an access key valid
//	stub answer TARGET [-status N] [-body FILE|-size N] [-fault NAME -after N] [-early FIELD] [FIELD…]
//	stub wait TARGET N              wait until the target was asked N times
//	stub requests, stub count N [TARGET], stub forget, as for s3
//	stub sent TARGET FIELD          print a field of the last request for the target, or (none)
//	stub release                    let answers go on that are held back
//	stub down, stub up              kill it; start it anew on its port, knowing nothing
func stubCommand(c *call) {
	c.usage(len(c.args) > 0 && !c.neg, "start|key|answer|wait|requests|count|sent|forget|release|down|up …")
	ctx := context.Background()
	verb, args := c.args[0], c.args[1:]
	if verb == "start" || verb == "up" {
		c.startStub(args)
		return
	}
	c.usage(c.stub != nil, "start, before anything else")
	switch {
	case verb == "key" && len(args) == 2:
		c.Check(c.stub.SetKey(ctx, args[0], args[1]))
	case verb == "answer" && len(args) > 0:
		c.Check(c.stub.SetAnswer(ctx, args[0], c.parseAnswer(args[1:])))
	case verb == "wait" && len(args) == 2:
		want, err := strconv.Atoi(args[1])
		c.Check(err)
		c.Check(await("requests for "+args[0], func() (bool, error) {
			return len(c.stubRequests(ctx, args[0])) >= want, nil
		}))
	case verb == "requests" && len(args) == 0:
		c.printRequests(c.stubRequests(ctx, ""))
	case verb == "count" && len(args) == 1:
		c.requireCount(args[0], "/", true, c.stubRequests(ctx, ""))
	case verb == "count" && len(args) == 2:
		c.requireCount(args[0], args[1], false, c.stubRequests(ctx, ""))
	case verb == "sent" && len(args) == 2:
		requests := c.stubRequests(ctx, args[0])
		if len(requests) == 0 {
			c.Fatalf("stub was not asked for %s", args[0])
		}
		values := requests[len(requests)-1].Header.Values(args[1])
		if len(values) == 0 {
			values = []string{"(none)"}
		}
		c.print("%s\n", strings.Join(values, "\n"))
	case verb == "forget" && len(args) == 0:
		c.Check(c.stub.Forget(ctx))
	case verb == "release" && len(args) == 0:
		c.Check(c.stub.Release(ctx))
	case verb == "down" && len(args) == 0:
		c.stub.Kill()
	default:
		c.Fatalf("stub %q: no such command", c.args)
	}
}

func (c *call) startStub(args []string) {
	if c.stub == nil {
		c.stubArgs = append([]string{"stub", "-listen", freeAddr()}, args...)
	}
	process, err := remote.Start(filepath.Join(built.dir, "s3test"), c.stubArgs...)
	c.Check(err)
	c.stub = process
	c.Setenv("STUB_URL", process.Origin)
}

func (c *call) stubRequests(ctx context.Context, target string) []record.Request {
	all, err := c.stub.Requests(ctx)
	c.Check(err)
	if target == "" {
		return all
	}
	var some []record.Request
	for _, r := range all {
		if r.Target == target {
			some = append(some, r)
		}
	}
	return some
}

// parseAnswer reads the flags of "stub answer"; the rest are fields.
func (c *call) parseAnswer(args []string) stub.Answer {
	var a stub.Answer
	for len(args) >= 2 && strings.HasPrefix(args[0], "-") {
		var err error
		switch value := args[1]; args[0] {
		case "-status":
			a.Status, err = strconv.Atoi(value)
		case "-body":
			a.Body, err = os.ReadFile(c.MkAbs(value))
		case "-size":
			a.Size, err = strconv.ParseInt(value, 10, 64)
		case "-after":
			a.After, err = strconv.ParseInt(value, 10, 64)
		case "-early":
			a.Early = append(a.Early, value)
		case "-fault":
			a.Fault = stub.Fault(value)
		default:
			err = fmt.Errorf("stub answer: unknown flag %s", args[0])
		}
		c.Check(err)
		args = args[2:]
	}
	a.Fields = args
	return a
}

// get sends one plain request to an address of the program.
func (w *world) get(addr, path string) (status int, body string, err error) {
	answer, err := http.Get("http://" + addr + path)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	w.said.Write(text)
	return answer.StatusCode, string(text), err
}
