package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"

	"github.com/coder/websocket"
)

// server greets each link with an id; its first link has the id 00000000.
type server struct {
	pool  *pool
	links atomic.Int64
}

func startServer(p *pool, given config) (port int, err error) {
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", given.Port))
	if err != nil {
		return 0, err
	}
	port = listener.Addr().(*net.TCPAddr).Port
	if given.TLS != "off" {
		certificate, err := serverCertificate(given)
		if err != nil {
			return 0, err
		}
		settings := &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{certificate}}
		listener = tls.NewListener(listener, settings)
	}
	go http.Serve(listener, &server{pool: p})
	return port, nil
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.pool.admit() {
		http.Error(w, "pool full", http.StatusServiceUnavailable)
		return
	}
	l, err := s.open(w, r)
	if err != nil {
		s.pool.giveUp()
		return
	}
	s.pool.add(l)
}

func (s *server) open(w http.ResponseWriter, r *http.Request) (link, error) {
	options := &websocket.AcceptOptions{InsecureSkipVerify: true, CompressionMode: websocket.CompressionDisabled}
	ws, err := websocket.Accept(w, r, options)
	if err != nil {
		return link{}, err // Accept has answered
	}
	id := s.nextID()
	if err := ws.Write(context.Background(), websocket.MessageBinary, id); err != nil {
		ws.CloseNow()
		return link{}, err
	}
	return link{hex.EncodeToString(id), websocket.NetConn(context.Background(), ws, websocket.MessageBinary)}, nil
}

func (s *server) nextID() []byte {
	id := make([]byte, 4)
	if s.links.Add(1) > 1 {
		rand.Read(id)
	}
	return id
}
