package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/coder/websocket"
)

const idTimeout = 60 * time.Second

func startClient(p *pool, given config) error {
	options, err := dialOptions(given)
	if err != nil {
		return err
	}
	go func() {
		for ; ; time.Sleep(pollInterval) {
			for p.admit() {
				l, err := dial(given.URL, options)
				if err != nil {
					p.giveUp()
					break
				}
				p.add(l)
			}
		}
	}()
	return nil
}

// dialOptions share one HTTP client, which keeps the TCP connection of a refused upgrade for the next.
func dialOptions(given config) (*websocket.DialOptions, error) {
	target, err := url.Parse(given.URL)
	if err != nil {
		return nil, err
	}
	settings := &tls.Config{MinVersion: tls.VersionTLS13, InsecureSkipVerify: given.TLS == "self-signed"}
	if given.CA != "" {
		settings.RootCAs = x509.NewCertPool()
		if !settings.RootCAs.AppendCertsFromPEM([]byte(given.CA)) {
			return nil, errors.New("no certificate in ca")
		}
	}
	return &websocket.DialOptions{
		HTTPClient:      &http.Client{Transport: &http.Transport{TLSClientConfig: settings}},
		Host:            target.Hostname(),
		CompressionMode: websocket.CompressionDisabled,
	}, nil
}

func dial(target string, options *websocket.DialOptions) (link, error) {
	ctx, cancel := context.WithTimeout(context.Background(), idTimeout)
	defer cancel()
	ws, _, err := websocket.Dial(ctx, target, options)
	if err != nil {
		return link{}, err
	}
	kind, id, err := ws.Read(ctx)
	if err != nil {
		ws.CloseNow()
		return link{}, err
	}
	if kind != websocket.MessageBinary || len(id) != 4 {
		ws.CloseNow()
		return link{}, fmt.Errorf("first message is no id: %s of %d bytes", kind, len(id))
	}
	conn := websocket.NetConn(context.Background(), ws, websocket.MessageBinary)
	return link{hex.EncodeToString(id), conn}, nil
}
