package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/cistern-cdn/cistern/test/s3test/signed"
)

func (c *call) ctx() context.Context { return context.Background() }

// callAPI is "api METHOD PATH [FILE] [-H FIELD]…": one call with the owner's
// token, and If-Match or whatever else the fields say.
func callAPI(c *call) {
	c.usage(len(c.args) >= 2, "METHOD PATH [-H FIELD]… [FILE]")
	method, path, args := c.args[0], c.args[1], c.args[2:]
	header := http.Header{"Authorization": {"Bearer " + c.Getenv("CISTERN_TOKEN")}}
	for len(args) >= 2 && args[0] == "-H" {
		name, value, _ := strings.Cut(args[1], ":")
		header.Set(name, strings.TrimSpace(value))
		args = args[2:]
	}
	var body []byte
	if len(args) == 1 {
		body = []byte(os.Expand(c.ReadFile(args[0]), c.Getenv)) // bodies may name $STUB_URL and the like
		if header.Get("Content-Type") == "" {
			header.Set("Content-Type", "application/json")
		}
	}
	status, answered, text, err := c.callOnce(method, path, header, body)
	c.Check(err)
	c.print("%d\n", status)
	for _, name := range []string{"ETag", "Location", "Content-Type", "WWW-Authenticate"} {
		if value := answered.Get(name); value != "" {
			c.print("%s: %s\n", name, value)
		}
	}
	c.print("%s\n", bytes.TrimSpace(text))
	if (status >= 400) != c.neg {
		c.Fatalf("%s %s: status %d: %s", method, path, status, text)
	}
}

func (w *world) callOnce(method, path string, header http.Header, body []byte) (int, http.Header, []byte, error) {
	request, err := http.NewRequest(method, "http://"+w.api+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, nil, err
	}
	request.Header = header
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, answer.Header, text, err
}

// stubSecret is the secret of key AKSTUB, which signs for stubs.
const stubSecret = "secret-of-the-stub"

// createZone is "zone bucket|stub [ZONE-JSON [ORIGIN-JSON]]": it makes the
// zone cdn.test on the script's bucket or stub, by one call of the API with
// the given settings besides, and waits until the edge has it.
func createZone(c *call) {
	c.usage(len(c.args) >= 1 && len(c.args) <= 3 && !c.neg, "bucket|stub [ZONE-JSON [ORIGIN-JSON]]")
	var origin map[string]any
	switch {
	case c.args[0] == "bucket" && c.bucket.name != "":
		origin = map[string]any{"url": built.bucket.Origin, "s3_bucket": c.bucket.name, "s3_region": signed.DefaultRegion,
			"s3_auth_enabled": true, "s3_access_key": c.bucket.accessKey, "s3_secret_key": c.bucket.secret}
	case c.args[0] == "stub" && c.stub != nil && slices.Contains(c.stubArgs, "-plain"):
		origin = map[string]any{"url": c.stub.Origin}
	case c.args[0] == "stub" && c.stub != nil:
		c.Check(c.stub.SetKey(c.ctx(), "AKSTUB", stubSecret))
		origin = map[string]any{"url": c.stub.Origin, "s3_bucket": "media", "s3_region": signed.DefaultRegion,
			"s3_auth_enabled": true, "s3_access_key": "AKSTUB", "s3_secret_key": stubSecret}
	default:
		c.Fatalf("zone %s: no such origin in this script", c.args[0])
	}
	zone := map[string]any{"hostnames": []string{"cdn.test"}, "access": map[string]any{"public_ack": true}, "origins": []any{origin}}
	for i, into := range []map[string]any{zone, origin} {
		if len(c.args) > i+1 {
			c.Check(json.Unmarshal([]byte(c.args[i+1]), &into))
		}
	}
	body, err := json.Marshal(zone)
	c.Check(err)
	status, _, text, err := c.callOnce("POST", "/cdn/zones", c.owner(), body)
	c.Check(err)
	c.said.Write(text)
	if status != http.StatusCreated {
		c.Fatalf("create zone: status %d: %s", status, text)
	}
	c.awaitApplied("cdn.test")
}

// owner returns the header of calls with the owner's token.
func (c *call) owner() http.Header {
	return http.Header{"Authorization": {"Bearer " + c.Getenv("CISTERN_TOKEN")}, "Content-Type": {"application/json"}}
}

// applied waits until the edge has the newest revision of a zone; it sets
// ZONE and, if the zone has one, ORIGIN.
func applied(c *call) {
	c.usage(len(c.args) <= 1 && !c.neg, "[HOSTNAME], default cdn.test")
	hostname := "cdn.test"
	if len(c.args) == 1 {
		hostname = c.args[0]
	}
	c.awaitApplied(hostname)
}

func (c *call) awaitApplied(hostname string) {
	var list struct{ Items []struct{ UUID string } }
	c.readJSON("/cdn/zones?hostname="+url.QueryEscape(hostname), &list)
	if len(list.Items) != 1 {
		c.Fatalf("%s: %d zones have hostname %s", c.name, len(list.Items), hostname)
	}
	path := "/cdn/zones/" + list.Items[0].UUID
	var state struct {
		Complete bool
		Edges    int `json:"edges_total"`
	}
	c.readJSON(path+"/propagation?wait=30", &state)
	if !state.Complete || state.Edges == 0 {
		c.Fatalf("%s: not on all edges after 30 s: %+v", c.name, state)
	}
	c.Setenv("ZONE", list.Items[0].UUID)
	c.readJSON(path+"/origins", &list)
	if len(list.Items) > 0 {
		c.Setenv("ORIGIN", list.Items[0].UUID)
	}
}

func (c *call) readJSON(path string, into any) {
	status, _, text, err := c.callOnce("GET", path, c.owner(), nil)
	c.Check(err)
	c.said.Write(text)
	if status != http.StatusOK {
		c.Fatalf("GET %s: status %d: %s", path, status, text)
	}
	c.Check(json.Unmarshal(text, into))
}

// purge is "purge JSON": it purges cdn.test and waits until every edge did.
func purge(c *call) {
	c.usage(len(c.args) == 1 && !c.neg, "JSON, after zone or applied")
	status, header, text, err := c.callOnce("POST", "/cdn/zones/"+c.Getenv("ZONE")+"/purge", c.owner(), []byte(c.args[0]))
	c.Check(err)
	c.said.Write(text)
	if status != http.StatusAccepted {
		c.Fatalf("purge: status %d: %s", status, text)
	}
	c.Check(await("the purge", func() (bool, error) {
		var job struct{ State string }
		c.readJSON(header.Get("Location"), &job)
		if job.State == "failed" {
			c.Fatalf("purge failed: %s", c.said.String())
		}
		return job.State == "done", nil
	}))
}

// callOps is "ops PATH".
func callOps(c *call) {
	c.usage(len(c.args) == 1 && !c.neg, "PATH")
	status, body, err := c.get(c.ops, c.args[0])
	c.Check(err)
	c.print("%d\n%s\n", status, body)
}

// metric is "metric REGEXP…": it waits until each is found in a line of the
// metrics. A request is counted after its last byte was sent.
func metric(c *call) {
	c.usage(len(c.args) > 0 && !c.neg, "REGEXP…")
	for _, text := range c.args {
		want, err := regexp.Compile("(?m)" + text)
		c.Check(err)
		var body string
		if err := await("metric "+text, func() (bool, error) {
			var err error
			_, body, err = c.get(c.ops, "/metrics")
			return want.MatchString(body), err
		}); err != nil {
			c.Fatalf("%v\n%s", err, body)
		}
	}
}

// memory is "memory idle", which notes the resident memory of the program,
// and "memory MIB", which fails if it was ever more than that above.
func memory(c *call) {
	c.usage(len(c.args) == 1 && c.server != nil && !c.neg, "idle|MIB, after serve")
	if c.args[0] == "idle" {
		c.idle = c.resident("VmRSS")
		c.print("idle: %d MiB resident\n", c.idle>>20)
		return
	}
	most, err := strconv.ParseInt(c.args[0], 10, 64)
	c.Check(err)
	grown := c.resident("VmHWM") - c.idle
	c.print("peak: %d MiB above %d MiB\n", grown>>20, c.idle>>20)
	if grown > most<<20 {
		c.Fatalf("resident memory grew by %d MiB; want at most %d MiB", grown>>20, most)
	}
}

// resident reads a figure of /proc/PID/status, in bytes.
func (c *call) resident(figure string) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.server.Process.Pid))
	c.Check(err)
	_, rest, _ := strings.Cut(string(text), figure+":")
	var kib int64
	_, err = fmt.Sscanf(rest, "%d kB", &kib)
	c.Check(err)
	return kib << 10
}

// lines is "lines N FILE".
func lines(c *call) {
	c.usage(len(c.args) == 2 && !c.neg, "N FILE")
	text := c.ReadFile(c.args[1])
	if got := strconv.Itoa(strings.Count(text, "\n")); got != c.args[0] || !strings.HasSuffix(text, "\n") {
		c.Fatalf("%s has %s lines; want %s\n%s", c.args[1], got, c.args[0], text)
	}
}

// noSecret is "nosecret TEXT…".
func noSecret(c *call) {
	c.usage(len(c.args) > 0 && !c.neg, "TEXT…")
	_, metrics, err := c.get(c.ops, "/metrics")
	c.Check(err)
	for _, secret := range c.args {
		if strings.Contains(metrics, secret) {
			c.Fatalf("the metrics hold the secret")
		}
		if i := strings.Index(c.said.String(), secret); i >= 0 {
			said := c.said.String()
			c.Fatalf("an answer holds the secret: …%s", said[max(0, i-200):min(len(said), i+50)])
		}
	}
	files := 0
	c.Check(filepath.WalkDir(c.dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		files++
		for _, secret := range c.args {
			if bytes.Contains(content, []byte(secret)) {
				return fmt.Errorf("file %s holds the secret", name)
			}
		}
		return nil
	}))
	c.print("searched %d files\n", files)
}
