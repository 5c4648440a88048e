// Makes the samples of Connect and gRPC-Web: what connect-go's client and
// server say to each other.
//
//	go run . ../shop.binpb ..
package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"connectrpc.com/connect"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

const host = "https://shop.example"

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// capture remembers the last request and answer of a client.
type capture struct {
	request, response bytes.Buffer
	sent              *http.Request
	got               *http.Response
}

type body struct {
	io.Reader
	io.Closer
}

func (c *capture) RoundTrip(request *http.Request) (*http.Response, error) {
	c.request.Reset()
	c.response.Reset()
	c.sent = request
	if request.Body != nil {
		request.Body = body{io.TeeReader(request.Body, &c.request), request.Body}
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err == nil {
		c.got = response
		response.Body = body{io.TeeReader(response.Body, &c.response), response.Body}
	}
	return response, err
}

func writeHeaders(out *bytes.Buffer, line, kind string, headers http.Header) {
	names := make([]string, 0, len(headers))
	for name := range headers {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		for _, value := range headers[name] {
			if kind == "grpc-web-text" {
				value = strings.ReplaceAll(value, "grpc-web+", "grpc-web-text+")
			}
			if name != "Date" {
				fmt.Fprintf(out, "%s: %s: %s\n", line, strings.ToLower(name), value)
			}
		}
	}
}

func (c *capture) write(folder, name, kind, errorKind string, change func([]byte) []byte) {
	url := host + c.sent.URL.RequestURI()
	var out bytes.Buffer
	fmt.Fprintf(&out, "kind: %s\nplace: request\nurl: %s\n", kind, url)
	writeHeaders(&out, "header", kind, c.sent.Header)
	out.WriteString("\n")
	out.Write(change(c.request.Bytes()))
	must(os.WriteFile(filepath.Join(folder, name+".request"), out.Bytes(), 0o644))
	if c.got.StatusCode != http.StatusOK {
		kind = errorKind
	}
	out.Reset()
	fmt.Fprintf(&out, "kind: %s\nplace: response\nurl: %s\nstatus: %d\n", kind, url, c.got.StatusCode)
	writeHeaders(&out, "header", kind, c.got.Header)
	writeHeaders(&out, "trailer", kind, c.got.Trailer)
	out.WriteString("\n")
	out.Write(change(c.response.Bytes()))
	must(os.WriteFile(filepath.Join(folder, name+".response"), out.Bytes(), 0o644))
}

func same(data []byte) []byte { return data }

// inText is application/grpc-web-text: each frame in base64 of its own.
func inText(data []byte) []byte {
	var out []byte
	for len(data) >= 5 {
		n := 5 + int(data[1])<<24 + int(data[2])<<16 + int(data[3])<<8 + int(data[4])
		out = append(out, base64.StdEncoding.EncodeToString(data[:n])...)
		data = data[n:]
	}
	return out
}

type method = protoreflect.MethodDescriptor

func newMessage(spec connect.Spec, message any) error {
	dynamic, ok := message.(*dynamicpb.Message)
	if !ok {
		return nil
	}
	described := spec.Schema.(method)
	if spec.IsClient {
		*dynamic = *dynamicpb.NewMessage(described.Output())
	} else {
		*dynamic = *dynamicpb.NewMessage(described.Input())
	}
	return nil
}

func parse(described protoreflect.MessageDescriptor, text string) *dynamicpb.Message {
	message := dynamicpb.NewMessage(described)
	must(protojson.Unmarshal([]byte(text), message))
	return message
}

func refusal() error {
	err := connect.NewError(connect.CodeInvalidArgument, errors.New("no such thing: ä"))
	detail, detailErr := connect.NewErrorDetail(&errdetails.BadRequest{
		FieldViolations: []*errdetails.BadRequest_FieldViolation{
			{Field: "query", Description: "is not sold here"},
		},
	})
	must(detailErr)
	err.AddDetail(detail)
	return err
}

func serve(find, watch method) *httptest.Server {
	answer := parse(find.Output(), `{"items": [{"id": "7", "price": 12.5,
		"size": "SIZE_LARGE", "labels": {"a": "b"}, "made": "2026-11-25T10:20:30Z"}],
		"nextPage": "p2 `+strings.Repeat("again ", 20)+`"}`)
	query := find.Input().Fields().ByName("query")
	mux := http.NewServeMux()
	mux.Handle("/shop.v1.Shop/Find", connect.NewUnaryHandler("/shop.v1.Shop/Find",
		func(_ context.Context, request *connect.Request[dynamicpb.Message]) (*connect.Response[dynamicpb.Message], error) {
			if request.Msg.Get(query).String() == "nothing" {
				return nil, refusal()
			}
			response := connect.NewResponse(answer)
			response.Trailer().Set("x-count", "1")
			return response, nil
		}, connect.WithSchema(find), connect.WithRequestInitializer(newMessage),
		connect.WithIdempotency(connect.IdempotencyNoSideEffects)))
	mux.Handle("/shop.v1.Shop/Watch", connect.NewServerStreamHandler("/shop.v1.Shop/Watch",
		func(_ context.Context, request *connect.Request[dynamicpb.Message], stream *connect.ServerStream[dynamicpb.Message]) error {
			must(stream.Send(answer))
			must(stream.Send(parse(watch.Output(), `{"nextPage": "p3"}`)))
			if request.Msg.Get(query).String() == "nothing" {
				return refusal()
			}
			stream.ResponseTrailer().Set("x-count", "2")
			return nil
		}, connect.WithSchema(watch), connect.WithRequestInitializer(newMessage)))
	return httptest.NewServer(mux)
}

func main() {
	data, err := os.ReadFile(os.Args[1])
	must(err)
	folder := os.Args[2]
	set := &descriptorpb.FileDescriptorSet{}
	must(proto.Unmarshal(data, set))
	files, err := protodesc.NewFiles(set)
	must(err)
	find := lookUp(files, "shop.v1.Shop.Find")
	watch := lookUp(files, "shop.v1.Shop.Watch")
	server := serve(find, watch)
	defer server.Close()

	call := func(name, kind, query string, described method, change func([]byte) []byte, more ...connect.ClientOption) {
		seen := &capture{}
		options := append([]connect.ClientOption{
			connect.WithSchema(described), connect.WithResponseInitializer(newMessage),
			connect.WithIdempotency(connect.IdempotencyNoSideEffects),
		}, more...)
		url := server.URL + "/shop.v1.Shop/" + string(described.Name())
		client := connect.NewClient[dynamicpb.Message, dynamicpb.Message](&http.Client{Transport: seen}, url, options...)
		request := connect.NewRequest(parse(described.Input(), `{"query": "`+query+`", "limit": 2, "sizes": ["SIZE_SMALL"]}`))
		if described.IsStreamingServer() {
			stream, err := client.CallServerStream(context.Background(), request)
			must(err)
			for stream.Receive() {
			}
			must(stream.Close())
		} else if _, err := client.CallUnary(context.Background(), request); err != nil && query != "nothing" {
			log.Fatal(err)
		}
		seen.write(folder, name, kind, "connect", change)
	}
	call("connect", "connect", "red shoes", find, same)
	call("connect-error", "connect", "nothing", find, same)
	call("connect-stream", "connect-stream", "red shoes", watch, same, connect.WithSendGzip())
	call("connect-stream-error", "connect-stream", "nothing", watch, same)
	call("connect-stream-json", "connect-stream", "red shoes", watch, same, connect.WithProtoJSON())
	call("connect-get", "connect-get", "red shoes", find, same, connect.WithHTTPGet())
	call("connect-get-gzip", "connect-get", "red "+strings.Repeat("shoes ", 30), find, same,
		connect.WithHTTPGet(), connect.WithSendGzip(), connect.WithHTTPGetMaxURLSize(200, false))
	call("grpc-web", "grpc-web", "red shoes", find, same, connect.WithGRPCWeb())
	call("grpc-web-gzip", "grpc-web", "red shoes", find, same, connect.WithGRPCWeb(), connect.WithSendGzip())
	call("grpc-web-error", "grpc-web", "nothing", watch, same, connect.WithGRPCWeb())
	call("grpc-web-text", "grpc-web-text", "red shoes", find, inText, connect.WithGRPCWeb())
}

func lookUp(files *protoregistry.Files, name protoreflect.FullName) method {
	found, err := files.FindDescriptorByName(name)
	must(err)
	return found.(method)
}
